/** Whose login a registry gets: found where CI, docker and containers tools keep them, by exact host. */
import type { Run } from "../world.ts";
import {
  type AuthFile,
  dockerHubKey,
  normalHost,
  parseAuthFile,
  printAuthFile,
  type RegistryLogin,
} from "./auth-file.ts";

/** Logins by exact host: a login for one host is never tried at another. */
export interface Credentials {
  forHost(host: string): Promise<RegistryLogin | undefined>;
  /** The text of a docker or containers auth file with the logins of exactly these hosts. */
  authFileFor(hosts: readonly string[]): Promise<string>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CredentialSources {
  readonly env: Environment;
  /** What was found at `authFilePaths`, in that order. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Runs `docker-credential-X get`. */
  readonly run: Run;
  readonly warn: (line: string) => void;
}

/** Where auth files are looked for, first found first asked. */
export function authFilePaths(env: Environment): readonly string[] {
  const home = env["HOME"];
  const dockerFolder = env["DOCKER_CONFIG"] ?? (home === undefined ? undefined : `${home}/.docker`);
  const paths = [
    env["REGISTRY_AUTH_FILE"],
    dockerFolder === undefined ? undefined : `${dockerFolder}/config.json`,
    env["XDG_RUNTIME_DIR"] && `${env["XDG_RUNTIME_DIR"]}/containers/auth.json`,
    home === undefined ? undefined : `${home}/.config/containers/auth.json`,
  ];
  return [...new Set(paths.filter((path) => path !== undefined && path !== ""))] as string[];
}

/** Reads the auth files that are there; one that cannot be read is warned about and left out. */
export async function resolveCredentials(
  sources: Omit<CredentialSources, "files"> & {
    readonly read: (path: string) => Promise<Uint8Array | undefined>;
  },
): Promise<Credentials> {
  const { env, read, warn } = sources;
  const found = authFilePaths(env).map(async (path) => {
    const bytes = await read(path).catch(() => {
      warn(`cannot read the logins in ${path}; it is left out`);
      return undefined;
    });
    return bytes === undefined ? [] : [{ path, text: Buffer.from(bytes).toString() }];
  });
  return makeCredentials({ ...sources, files: (await Promise.all(found)).flat() });
}

/** Credentials of given files: GitLab's variables first, then DOCKER_AUTH_CONFIG, then the files in order. */
export function makeCredentials(sources: CredentialSources): Credentials {
  const variables = ciLogins(sources.env);
  const inline = sources.env["DOCKER_AUTH_CONFIG"] ?? "";
  const files = [
    ...(inline.trim() === "" ? [] : [{ path: "DOCKER_AUTH_CONFIG", text: inline }]),
    ...sources.files.filter(({ text }) => text.trim() !== ""),
  ].flatMap(({ path, text }) => {
    const file = parseAuthFile(path, text);
    if (file === undefined)
      sources.warn(`${path} is not a JSON object with logins; it is left out`);
    return file === undefined ? [] : [file];
  });

  const known = new Map<string, Promise<RegistryLogin | undefined>>();
  const forHost = (host: string): Promise<RegistryLogin | undefined> => {
    const name = normalHost(host);
    const login = known.get(name) ?? find(name, variables, files, sources);
    known.set(name, login);
    return login;
  };
  return {
    forHost,
    async authFileFor(hosts) {
      const found = await Promise.all(
        [...new Set(hosts)].map(async (host) => [host, await forHost(host)] as const),
      );
      return printAuthFile(
        new Map(found.flatMap(([host, login]) => (login === undefined ? [] : [[host, login]]))),
      );
    },
  };
}

function ciLogins(env: Environment): ReadonlyMap<string, RegistryLogin> {
  const logins = new Map<string, RegistryLogin>();
  const add = (host?: string, username?: string, password?: string) => {
    if (host && username && password) logins.set(normalHost(host), { username, password });
  };
  add(
    env["CI_DEPENDENCY_PROXY_SERVER"],
    env["CI_DEPENDENCY_PROXY_USER"],
    env["CI_DEPENDENCY_PROXY_PASSWORD"],
  );
  add(env["CI_REGISTRY"], env["CI_REGISTRY_USER"], env["CI_REGISTRY_PASSWORD"]);
  return logins;
}

async function find(
  host: string,
  variables: ReadonlyMap<string, RegistryLogin>,
  files: readonly AuthFile[],
  sources: CredentialSources,
): Promise<RegistryLogin | undefined> {
  const variable = variables.get(host);
  if (variable !== undefined) return variable;
  for (const { name, logins, helpers, store } of files) {
    const helper = helpers.get(host);
    const login =
      (helper === undefined ? undefined : await askHelper(helper, host, name, sources)) ??
      logins.get(host) ??
      (store === undefined ? undefined : await askHelper(store, host, name, sources));
    if (login !== undefined) return login;
  }
  return undefined;
}

/** Asks a credential helper (the protocol of docker-credential-helpers); absence is `undefined`. */
async function askHelper(
  helper: string,
  host: string,
  file: string,
  { run, warn }: CredentialSources,
): Promise<RegistryLogin | undefined> {
  const program = `docker-credential-${helper}`;
  const failed = (what: string) => {
    warn(`${program}, which ${file} names for ${host}, ${what}; it is left out`);
    return undefined;
  };
  // The name becomes part of a program's name, so it must not lead out of PATH.
  if (!/^[\w.-]+$/.test(helper)) return failed("is not a program's name");
  const input = host === "docker.io" ? dockerHubKey : host;
  const result = await run(program, ["get"], { input, timeoutMs: 30_000 });
  if (result.missing) return failed("is not installed");
  if (result.timedOut) return failed("did not answer");
  if (result.exitCode !== 0) {
    const isAbsent = /credentials not found/i.test(result.stdout + result.stderr);
    return isAbsent ? undefined : failed("failed");
  }
  return readHelperAnswer(result.stdout) ?? failed("gave no login");
}

function readHelperAnswer(stdout: string): RegistryLogin | undefined {
  try {
    const { Username, Secret } = JSON.parse(stdout) as Record<string, unknown>;
    if (typeof Username !== "string" || typeof Secret !== "string" || Secret === "") {
      return undefined;
    }
    return Username === "<token>"
      ? { identityToken: Secret }
      : { username: Username, password: Secret };
  } catch {
    return undefined;
  }
}
