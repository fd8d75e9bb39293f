/** Whose login a registry gets: found where CI, docker and containers tools keep them, by exact host. */
import { isObject, readObject } from "../json.ts";
import type { Env, Run } from "../world.ts";

export type RegistryLogin =
  | { readonly username: string; readonly password: string }
  /** A refresh token, exchanged at the token service (OAuth 2). */
  | { readonly identityToken: string; readonly username?: string | undefined };

/** What of a login nobody may read; empty where there is none. */
export function secretOf(login: RegistryLogin | undefined): string {
  if (login === undefined) return "";
  return "identityToken" in login ? login.identityToken : login.password;
}

/** Logins by exact host: a login for one host is never tried at another. */
export interface Credentials {
  forHost(host: string): Promise<RegistryLogin | undefined>;
  /** The text of a docker or containers auth file with the logins of exactly these hosts. */
  authFileFor(hosts: readonly string[]): Promise<string>;
}

/** What the machine is asked for. */
export interface CredentialSources {
  readonly env: Env;
  /** Of the user that asks. */
  readonly uid: number;
  /** A file's bytes; `undefined` where it is not there. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  /** Runs `docker-credential-X get`. */
  readonly run: Run;
  readonly warn: (line: string) => void;
}

/**
 * Reads the logins that a machine has: those in GitLab's variables come first, then DOCKER_AUTH_CONFIG, then
 * the auth files in their order. A file that cannot be read is warned about and left out.
 */
export async function resolveCredentials(sources: CredentialSources): Promise<Credentials> {
  const { env, uid, read, warn } = sources;
  const reads = authFilePaths(env, uid).map(async (path) => {
    const bytes = await read(path).catch(() => {
      warn(`cannot read the logins in ${path}; it is left out`);
      return undefined;
    });
    return { path, text: Buffer.from(bytes ?? "").toString() };
  });
  const inline = { path: "DOCKER_AUTH_CONFIG", text: env["DOCKER_AUTH_CONFIG"] ?? "" };
  const texts = [inline, ...(await Promise.all(reads))];
  const files = texts.flatMap(({ path, text }) => {
    if (text.trim() === "") return [];
    const file = parseAuthFile(path, text);
    if (file === undefined) warn(`${path} is not a JSON object with logins; it is left out`);
    return file ?? [];
  });
  const variables = ciLogins(env);
  const known = new Map<string, Promise<RegistryLogin | undefined>>();
  const forHost = (host: string) => {
    const name = normalHost(host);
    const login = known.get(name) ?? find(name, variables, files, sources);
    known.set(name, login);
    return login;
  };
  return {
    forHost,
    async authFileFor(hosts) {
      const logins = hosts.map(async (host) => [host, await forHost(host)] as const);
      return printAuthFile(await Promise.all(logins));
    },
  };
}

/** Where auth files are looked for, first found first asked (docker docs: cli; containers-auth.json(5)). */
export function authFilePaths(env: Env, uid: number): readonly string[] {
  const { HOME: home, XDG_RUNTIME_DIR: runtime, DOCKER_CONFIG: docker } = env;
  const settings = env["XDG_CONFIG_HOME"] || (home && `${home}/.config`);
  const folder = docker ?? (home === undefined ? undefined : `${home}/.docker`);
  const paths = [
    env["REGISTRY_AUTH_FILE"],
    folder && `${folder}/config.json`,
    // Without a folder of the session, as in a container, under sudo and in cron, logins are kept by user.
    runtime ? `${runtime}/containers/auth.json` : `/run/containers/${uid}/auth.json`,
    settings && `${settings}/containers/auth.json`,
  ];
  return [...new Set(paths.filter((path) => path !== undefined && path !== ""))] as string[];
}

function ciLogins(env: Env): ReadonlyMap<string, RegistryLogin> {
  const places = [
    ["CI_DEPENDENCY_PROXY_SERVER", "CI_DEPENDENCY_PROXY_USER", "CI_DEPENDENCY_PROXY_PASSWORD"],
    ["CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"],
  ];
  const logins = places.flatMap((names) => {
    const [host, username, password] = names.map((name) => env[name]);
    return host && username && password
      ? [[normalHost(host), { username, password }] as const]
      : [];
  });
  return new Map(logins);
}

async function find(
  host: string,
  variables: ReadonlyMap<string, RegistryLogin>,
  files: readonly AuthFile[],
  sources: CredentialSources,
): Promise<RegistryLogin | undefined> {
  const variable = variables.get(host);
  if (variable !== undefined) return variable;
  for (const file of files) {
    const { logins, helpers, store } = file;
    const ask = (helper: string | undefined) =>
      helper === undefined ? undefined : askHelper(helper, host, file, sources);
    const login = (await ask(helpers.get(host))) ?? logins.get(host) ?? (await ask(store));
    if (login !== undefined) return login;
  }
  return undefined;
}

/** Asks a credential helper (the protocol of docker-credential-helpers); absence is `undefined`. */
async function askHelper(
  helper: string,
  host: string,
  { name }: AuthFile,
  { run, warn }: CredentialSources,
): Promise<RegistryLogin | undefined> {
  const program = `docker-credential-${helper}`;
  const failed = (what: string) => {
    warn(`${program}, which ${name} names for ${host}, ${what}; it is left out`);
    return undefined;
  };
  // The name becomes part of a program's name, so it must not lead out of PATH.
  if (!/^[\w.-]+$/.test(helper)) return failed("is not a program's name");
  const input = fileKey(host);
  const result = await run(program, ["get"], { input, timeoutMs: 30_000 });
  if (result.missing) return failed("is not installed");
  if (result.timedOut) return failed("did not answer");
  if (result.exitCode !== 0) {
    const isAbsent = /credentials not found/i.test(result.stdout + result.stderr);
    return isAbsent ? undefined : failed("failed");
  }
  const { Username: username, Secret: secret } = readObject(result.stdout) ?? {};
  if (typeof username !== "string" || !isText(secret)) return failed("gave no login");
  return username === "<token>" ? { identityToken: secret } : { username, password: secret };
}

type AuthFile = NonNullable<ReturnType<typeof parseAuthFile>>;

/**
 * Reads an auth file as docker (config.json) and containers (auth.json) write it; `undefined` where it is not one, and
 * entries that hold no login are left out. `name` is for warnings.
 */
export function parseAuthFile(name: string, text: string) {
  const document = readObject(text);
  if (document === undefined) return undefined;
  const { credsStore } = document;
  const entries = (member: string) => Object.entries(objectOf(document[member]));
  // An entry for a host wins over one for a namespace of it, so it is set last.
  const auths = entries("auths").toSorted(
    ([a], [b]) => Number(isWholeHost(a)) - Number(isWholeHost(b)),
  );
  return {
    name,
    /** Logins by host, as far as the file itself holds them. */
    logins: new Map(
      auths.flatMap(([key, value]) => {
        const login = loginOf(objectOf(value));
        return login === undefined ? [] : [[normalHost(key), login]];
      }),
    ),
    /** Credential helpers by host: the X of `docker-credential-X`. */
    helpers: new Map(
      entries("credHelpers").flatMap(([key, helper]) =>
        typeof helper === "string" ? [[normalHost(key), helper]] : [],
      ),
    ),
    /** The helper for all other hosts. */
    store: isText(credsStore) ? credsStore : undefined,
  };
}

function isWholeHost(key: string): boolean {
  return /^(?:https?:\/\/)?[^/]+(?:\/|\/v[12]\/?)?$/.test(key);
}

function loginOf(entry: Record<string, unknown>): RegistryLogin | undefined {
  const { auth, username: plainName, password: plainWord, identitytoken: identityToken } = entry;
  const pair = isText(auth) ? Buffer.from(auth, "base64").toString() : "";
  const [, name, word] = /^([^:]+):(.*)$/s.exec(pair) ?? [];
  const username = name ?? plainName;
  // Docker pads a password with zero bytes at times.
  const password = word?.replace(/\0+$/, "") ?? plainWord;
  if (isText(identityToken))
    return { identityToken, username: isText(username) ? username : undefined };
  return isText(username) && typeof password === "string" && (word !== undefined || password !== "")
    ? { username, password }
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** The key under which docker keeps the login for Docker Hub, in files and helpers. */
const dockerHubKey = "https://index.docker.io/v1/";

function fileKey(host: string): string {
  return host === "docker.io" ? dockerHubKey : host;
}

/** The host that a key or variable means, as references spell it; the default port is left out. */
export function normalHost(text: string): string {
  const host = text.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");
  const isHub = host === "index.docker.io" || host === "registry-1.docker.io";
  return isHub ? "docker.io" : host.replace(/:443$/, "");
}

/** Prints logins as a docker config.json, which containers tools read as well; who has none is left out. */
export function printAuthFile(
  logins: Iterable<readonly [string, RegistryLogin | undefined]>,
): string {
  const auths = [...logins].flatMap(([host, login]) =>
    login === undefined ? [] : [[fileKey(host), printLogin(login)] as const],
  );
  return `${JSON.stringify({ auths: Object.fromEntries(auths) }, null, 2)}\n`;
}

function printLogin(login: RegistryLogin): Record<string, string> {
  const encode = (pair: string) => Buffer.from(pair).toString("base64");
  if ("identityToken" in login) {
    return { auth: encode(`${login.username ?? "<token>"}:`), identitytoken: login.identityToken };
  }
  return { auth: encode(`${login.username}:${login.password}`) };
}
