/** Brings an image to this machine by digest, with berth's login for its registry. */
import { clientConfig, hostOfContext } from "../build/docker.ts";
import { dockerProgram } from "../build/docker-failure.ts";
import { lastLine, neverEnded, registryError } from "../build/failure.ts";
import { BerthError } from "../errors.ts";
import { isLoopbackHost, parseReference } from "../oci/reference.ts";
import type { Credentials } from "../registry/credentials.ts";
import type { Env, Run, World } from "../world.ts";
import type { Tool } from "./tool.ts";

/**
 * Runs a program to its end with our own input and output, and hands on the signals that we get.
 *
 * A signal that asks us to end does not end us: the program decides, and `asked` says that it was so.
 */
export type Attach = (
  command: string,
  args: readonly string[],
  options: AttachOptions,
) => Promise<Attached>;

export interface AttachOptions {
  /**
   * `terminal`: the program is the terminal's foreground, as a shell would run it.
   * `streams`: it has our input and outputs, in a process group of its own, so that a Ctrl-C reaches it once.
   * `progress`: nothing to read, all that it says goes to our standard error, and its errors are kept too.
   */
  readonly mode: "terminal" | "streams" | "progress";
  /** Added to the inherited environment; `undefined` removes a variable. */
  readonly env?: Env;
  /**
   * Ends what does not end by itself: called once at a second signal, or ten seconds after the first. Without it
   * the program is killed.
   */
  readonly insist?: () => Promise<void>;
}

export interface Attached {
  /** `undefined` where the program could not be started or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The program is not there or not executable. */
  readonly missing: boolean;
  /** The first signal that asked us to end meanwhile. */
  readonly asked: "SIGINT" | "SIGTERM" | "SIGHUP" | undefined;
  /** The newest of its standard error, in the mode `progress`. */
  readonly errors: string;
}

/** What pulls; see `Tool`. */
type Puller = Pick<Tool, "name" | "command">;

export interface PullPorts {
  readonly world: Pick<World, "run" | "env"> & {
    readonly files: Pick<World["files"], "temporary" | "write">;
  };
  readonly login: {
    /** The text of a docker config with the logins for hosts; without logins none is in it. */
    readonly credentials: () => Promise<Pick<Credentials, "authFileFor">>;
    readonly insecureHosts: readonly string[];
  };
  readonly attach: Attach;
}

/** Whether an engine has an image, whoever pulled it. */
export async function isHere(reference: string, { command }: Puller, run: Run): Promise<boolean> {
  return (await run(command, ["image", "inspect", "--format=ok", reference])).exitCode === 0;
}

/** Pulls unless the image is here already; tells whether it had to. */
export async function pull(reference: string, tool: Puller, ports: PullPorts): Promise<boolean> {
  if (await isHere(reference, tool, ports.world.run)) return false;
  const { host } = parseReference(reference);
  const auth = await authFile(host, ports);
  // Without a login of berth's it is pulled as its user would.
  const login = /"auth":/.test(auth) ? auth : undefined;
  await pullAs(login, { host, words: [reference] }, tool, ports);
  return true;
}

/**
 * Pulls with these logins and no other, whatever is here already, so that the registry says who may have it.
 *
 * `flags` are further ones, such as `--platform=linux/arm64`.
 */
export async function pullOnly(
  reference: string,
  tool: Puller,
  ports: PullPorts,
  flags: readonly string[] = [],
): Promise<void> {
  const { host } = parseReference(reference);
  const words = [...flags, reference];
  await pullAs(await authFile(host, ports), { host, words }, tool, ports);
}

async function authFile(host: string, { login }: PullPorts): Promise<string> {
  return (await login.credentials()).authFileFor([host]);
}

/** The login goes into a private folder for this one pull: on no command line, and in no file of the user's. */
async function pullAs(
  auth: string | undefined,
  { host, words }: { readonly host: string; readonly words: readonly string[] },
  tool: Puller,
  ports: PullPorts,
): Promise<void> {
  const run = async (flags: readonly string[], env?: Env): Promise<void> => {
    const all = ["pull", ...flags, ...securityFlags(host, tool, ports), ...words];
    const result = await ports.attach(tool.command, all, { mode: "progress", ...(env && { env }) });
    if (result.exitCode !== 0) throw pullError(words.at(-1) ?? "", host, result, tool);
  };
  if (auth === undefined) return run([]);
  const { files, env } = ports.world;
  const folder = await files.temporary("berth-login-");
  const file = `${folder.path}/config.json`;
  try {
    if (tool.name === "podman") {
      await files.write(file, auth, 0o600);
      return await run([`--authfile=${file}`]);
    }
    await files.write(file, clientConfig(auth, env["HOME"]), 0o600);
    return await run([], { DOCKER_CONFIG: folder.path, ...(await daemonOf(tool, ports)) });
  } finally {
    await folder.remove();
  }
}

/** A registry on this machine speaks plain http, as it does to docker; docker's daemon decides for itself. */
function securityFlags(host: string, { name }: Puller, { login }: PullPorts): readonly string[] {
  const open = isLoopbackHost(host) || login.insecureHosts.includes(host);
  return name === "podman" && open ? ["--tls-verify=false"] : [];
}

/** The daemon of the user's docker context, which a private configuration would forget. */
async function daemonOf({ command }: Puller, { world: { run, env } }: PullPorts): Promise<Env> {
  const host = env["DOCKER_HOST"] ? undefined : await hostOfContext(run, command);
  return host === undefined ? {} : { DOCKER_HOST: host, DOCKER_CONTEXT: undefined };
}

function pullError(reference: string, host: string, result: Attached, tool: Puller): BerthError {
  const doing = `pull ${reference}`;
  if (result.asked !== undefined)
    return new BerthError("INTERRUPTED", `${doing}: ${result.asked} ended it`);
  const ended = { ...result, timedOut: false, stdout: "", stderr: result.errors };
  const stopped = neverEnded(ended, doing, { program: tool.command, get: dockerProgram.get });
  const line = lastLine(result.errors, /^error/i).replace(
    /^error(?: response from daemon)?: /i,
    "",
  );
  return stopped ?? registryError(doing, line, host);
}
