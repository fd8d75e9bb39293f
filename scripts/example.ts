/** The worked example on this machine: a registry, the plan before, the builds, the plan after, a command in an image. */
import { readFile, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { shellLine } from "../src/printable.ts";
import { debianLayer } from "../test/support/bases.ts";
import {
  type Ended,
  type Env,
  ended,
  entry,
  plainEnv,
  startProgram,
} from "../test/support/command.ts";
import { startDockerRegistry } from "../test/support/docker-registry.ts";
import { exampleProject, type Project, pushExampleBases } from "../test/support/example.ts";
import { modernEngines } from "../test/support/modern.ts";
import { temporaryFolder } from "../test/support/services.ts";

/** What was started; ended in the opposite order, however this ends. */
const duties: (() => Promise<unknown>)[] = [];
const interrupt = new AbortController();

interface Shell {
  readonly cwd: string;
  readonly env: Env;
  /** What stands for the first word of a command. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

async function example(stay: boolean): Promise<void> {
  title("Prepare engines and bases from Debian's packages (about a minute the first time)");
  const [{ bin }] = await Promise.all([modernEngines(), debianLayer()]);
  const folder = await temporaryFolder("berth-demo-");
  duties.push(folder.remove);

  title("Start a registry and push the bases that the images are built from");
  const registry = await startDockerRegistry();
  duties.push(registry.stop);
  await pushExampleBases(registry.host);
  say(`${registry.host}/bases/busybox:stable\n${registry.host}/bases/debian:stable-slim\n`);

  title(
    "Copy component/example into a git repository; all commands run there, with these settings",
  );
  const project = exampleProject(folder.path, "example", registry.host);
  const shell = await openShell(project, folder.path, bin);
  await showcase(shell, project, `${registry.host}/group/project`, join(folder.path, "build.log"));
  if (stay) await stayUntilInterrupted();
}

async function showcase(shell: Shell, project: Project, base: string, log: string): Promise<void> {
  const flags = ["--config", project.config, "--registry", base];
  title("What does this commit need? Nothing is there yet");
  await run(shell, "berth", ["plan", ...flags]);
  title("Build what is missing, parents first; push, tag, record the set");
  await run(shell, "berth", ["ensure", "--engine", "buildah", ...flags], log);
  title("And now? All is there, and one request to the registry tells so");
  await run(shell, "berth", ["plan", ...flags]);
  title("What later jobs of a pipeline are told");
  await run(shell, "cat", [".berth/berth.env"]);
  title("Run a command in one of the images");
  const image = await referenceOf(project, "docs");
  await run(shell, "buildah", ["from", "--quiet", "--tls-verify=false", "--name=docs", image]);
  duties.push(() => capture(shell, "buildah", ["rm", "docs"]));
  // By a file, since buildah's isolation chroot ends with a command and need not have passed on all that it said.
  const command = ["sh", "-c", "build-docs >/src/documentation"];
  const volume = `--volume=${project.path}:/src`;
  await run(shell, "buildah", ["run", "--isolation=chroot", volume, "docs", "--", ...command]);
  await run(shell, "cat", ["documentation"]);
}

/** Writes and prints the settings that all commands share. */
async function openShell(project: Project, home: string, bin: string): Promise<Shell> {
  const storage = join(home, "storage.conf");
  const places = `runroot = "${home}/run"\ngraphroot = "${home}/graph"\n`;
  await writeFile(storage, `[storage]\ndriver = "overlay"\n${places}`);
  // In a container without CAP_SYS_RESOURCE a command may not raise the limits, as buildah else would.
  const limits = join(home, "containers.conf");
  await writeFile(
    limits,
    '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n',
  );
  const settings = { CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: limits };
  const lines = [
    `cd ${project.path}`,
    `export PATH=${bin}:$PATH`,
    ...Object.entries(settings).map(([name, value]) => `export ${name}=${value}`),
    `alias berth='${process.execPath} ${entry}'`,
  ];
  say(lines.map((line) => `$ ${line}\n`).join(""));
  return {
    cwd: project.path,
    env: plainEnv({
      HOME: home,
      TMPDIR: home,
      PATH: `${bin}:${process.env["PATH"] ?? "/bin"}`,
      ...settings,
    }),
    aliases: new Map([["berth", [process.execPath, entry]]]),
  };
}

/**
 * Prints a command, runs it and prints what it says.
 *
 * Where its standard error goes to a log file, only the headings in it are shown, as they come.
 */
async function run(
  shell: Shell,
  name: string,
  args: readonly string[],
  log?: string,
): Promise<void> {
  const told = log === undefined ? "" : ` 2> ${log}`;
  say(`$ ${shellLine([name, ...args])}${told}\n`);
  const show = (piece: Buffer) => say(piece.toString().replaceAll(/^(?!== ).*\n?/gm, ""));
  const { code, stdout, stderr } = await capture(shell, name, args, log && show);
  interrupt.signal.throwIfAborted();
  if (log !== undefined) await writeFile(log, stderr);
  const isQuiet = log !== undefined && code === 0;
  say(isQuiet ? `\n${stdout}` : stdout + stderr);
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}`);
}

async function capture(
  { cwd, env, aliases }: Shell,
  name: string,
  args: readonly string[],
  show: ((piece: Buffer) => void) | "" = "",
): Promise<Ended> {
  const [command = name, ...first] = aliases.get(name) ?? [name];
  const child = startProgram(command, [...first, ...args], { cwd, env });
  const stop = () => child.kill("SIGTERM");
  interrupt.signal.addEventListener("abort", stop);
  if (show !== "") child.stderr?.on("data", show);
  const result = await ended(child);
  interrupt.signal.removeEventListener("abort", stop);
  return result;
}

async function referenceOf(project: Project, name: string): Promise<string> {
  const plan = JSON.parse(await readFile(join(project.path, ".berth/plan.json"), "utf8")) as {
    readonly images: readonly { readonly name: string; readonly reference: string }[];
  };
  return plan.images.find((image) => image.name === name)?.reference ?? "";
}

async function stayUntilInterrupted(): Promise<void> {
  title("All of it stays until you press Ctrl-C; repeat the commands in another terminal");
  const beat = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
  clearInterval(beat);
}

function title(text: string): void {
  interrupt.signal.throwIfAborted();
  say(`\n# ${text}\n`);
}

function say(text: string): void {
  process.stdout.write(text);
}

const begin = performance.now();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    process.exitCode = 128 + constants.signals[signal];
    interrupt.abort(new Error(`ended by ${signal}`));
  });
}
try {
  await example(process.argv.includes("--stay"));
  title(
    `Done in ${((performance.now() - begin) / 1000).toFixed(0)} s; stopping and removing all of it`,
  );
} catch (error) {
  process.exitCode ??= 1;
  process.stderr.write(`example: ${(error as Error).message}\n`);
} finally {
  for (const end of duties.reverse()) await end();
}
