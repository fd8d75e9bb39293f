/** Auth files as docker (config.json) and containers (auth.json) write them. */

export type RegistryLogin =
  | { readonly username: string; readonly password: string }
  /** A refresh token, exchanged at the token service (OAuth 2). */
  | { readonly identityToken: string; readonly username?: string };

export interface AuthFile {
  /** Names it in warnings. */
  readonly name: string;
  /** Logins by host, as far as the file itself holds them. */
  readonly logins: ReadonlyMap<string, RegistryLogin>;
  /** Credential helpers by host: the X of `docker-credential-X`. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for all other hosts. */
  readonly store: string | undefined;
}

/** The key under which docker keeps the login for Docker Hub, in files and helpers. */
export const dockerHubKey = "https://index.docker.io/v1/";

/** The host that a key or variable means, as references spell it; the default port is left out. */
export function normalHost(text: string): string {
  const host = text.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");
  const isHub = host === "index.docker.io" || host === "registry-1.docker.io";
  return isHub ? "docker.io" : host.replace(/:443$/, "");
}

/** Reads an auth file; `undefined` where it is not one, and entries that hold no login are left out. */
export function parseAuthFile(name: string, text: string): AuthFile | undefined {
  const document = parseObject(text);
  if (document === undefined) return undefined;
  const auths = Object.entries(objectOf(document["auths"]));
  const store = document["credsStore"];
  return {
    name,
    // An entry for a host wins over one for a namespace of it, so it is set last.
    logins: new Map(
      auths
        .toSorted(([a], [b]) => Number(isWholeHost(a)) - Number(isWholeHost(b)))
        .flatMap(([key, value]) => loginEntry(key, value)),
    ),
    helpers: new Map(
      Object.entries(objectOf(document["credHelpers"])).flatMap(([key, helper]) =>
        typeof helper === "string" ? [[normalHost(key), helper] as const] : [],
      ),
    ),
    store: typeof store === "string" && store !== "" ? store : undefined,
  };
}

function isWholeHost(key: string): boolean {
  return !/^(?:https?:\/\/)?[^/]+\/(?!v[12]\/?$)./.test(key);
}

function loginEntry(key: string, value: unknown): readonly (readonly [string, RegistryLogin])[] {
  const login = loginOf(objectOf(value));
  return login === undefined ? [] : [[normalHost(key), login]];
}

function loginOf(entry: Record<string, unknown>): RegistryLogin | undefined {
  const decoded = typeof entry["auth"] === "string" ? decodeAuth(entry["auth"]) : undefined;
  const username = decoded?.username ?? text(entry["username"]);
  const password = decoded?.password ?? text(entry["password"]);
  const identityToken = text(entry["identitytoken"]);
  if (identityToken !== undefined) {
    return { identityToken, ...(username === undefined ? {} : { username }) };
  }
  return username === undefined || password === undefined ? undefined : { username, password };
}

function decodeAuth(auth: string): { username: string; password: string } | undefined {
  const plain = Buffer.from(auth, "base64").toString();
  const colon = plain.indexOf(":");
  if (colon < 1) return undefined;
  // Docker pads a password with zero bytes at times.
  return { username: plain.slice(0, colon), password: plain.slice(colon + 1).replace(/\0+$/, "") };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** Prints logins as a docker config.json, which containers tools read as well. */
export function printAuthFile(logins: ReadonlyMap<string, RegistryLogin>): string {
  const auths = [...logins].map(([host, login]) => {
    const key = host === "docker.io" ? dockerHubKey : host;
    return [key, printLogin(login)] as const;
  });
  return `${JSON.stringify({ auths: Object.fromEntries(auths) }, null, 2)}\n`;
}

function printLogin(login: RegistryLogin): Record<string, string> {
  const encode = (pair: string) => Buffer.from(pair).toString("base64");
  if ("identityToken" in login) {
    return { auth: encode(`${login.username ?? "<token>"}:`), identitytoken: login.identityToken };
  }
  return { auth: encode(`${login.username}:${login.password}`) };
}
