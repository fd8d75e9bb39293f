/** The distribution project's registry on a free loopback port, as Debian ships it or another build of it. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Certified, testKeys } from "./certificates.ts";
import { freePort, isListening, opened, startService } from "./services.ts";
import { startTokenService, type TokenService, testPassword, testUser } from "./token-service.ts";

export interface DockerRegistryOptions {
  /** `basic` asks for the tests' usual login, and a login for that alone. */
  readonly auth?: "none" | "basic" | "token" | Login;
  readonly delete?: boolean;
  /** With a certificate of its own, or with a given one for a name that leads to 127.0.0.1. */
  readonly tls?: boolean | (Certified & { readonly name: string });
  /** Used with `auth: "token"`; one is started (and stopped) where none is given. */
  readonly tokenService?: TokenService;
  /** Instead of the token service, one that has a set of keys (RFC 7517, 5), which version 3 reads. */
  readonly believes?: Believed;
  /** Debian's where it is not given. */
  readonly program?: string;
}

interface Login {
  readonly user: string;
  readonly password: string;
}

/** What a registry is told of a token service. */
export interface Believed {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly keys: string;
}

export interface DockerRegistry {
  readonly host: string;
  readonly pid: number;
  /** The folder of its blobs and links. */
  readonly storage: string;
  /** Method and path with query of every request so far, in the order in which they were answered. */
  log(): readonly string[];
  readonly tokenService: TokenService | undefined;
  stop(): Promise<void>;
}

export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const { auth = "none", tls = false, believes } = options;
  return opened("berth-registry-", async (folder, ends) => {
    const isOwn = auth === "token" && options.tokenService === undefined && believes === undefined;
    const tokenService = isOwn ? await startTokenService() : options.tokenService;
    if (isOwn) ends.push(async () => tokenService?.stop());
    const port = await freePort();
    const config = join(folder, "config.yml");
    writeFileSync(config, JSON.stringify(configuration(folder, port, options, tokenService)));
    const { PATH } = process.env;
    const own = ["-i", `PATH=${PATH}`, "OTEL_TRACES_EXPORTER=none"];
    const command = [...own, options.program ?? "docker-registry"];
    const { pid, log, stop } = await startService(
      "env",
      [...command, "serve", config],
      join(folder, "log"),
      () => isListening(port),
    );
    ends.push(stop);
    return {
      host: `${typeof tls === "object" ? tls.name : "127.0.0.1"}:${port}`,
      pid,
      storage: join(folder, "storage"),
      log: () => accessLog(log()),
      tokenService,
    };
  });
}

/** A configuration; JSON is YAML. */
function configuration(
  folder: string,
  port: number,
  { auth = "none", delete: canDelete = false, tls = false, believes }: DockerRegistryOptions,
  tokenService: TokenService | undefined,
): object {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const htpasswd = () => ({ realm: "test", path: write("htpasswd", passwordFile(auth)) });
  const token = () =>
    believes === undefined ? certified(write, tokenService) : known(write, believes);
  const given = typeof tls === "object" ? tls : testKeys();
  const { key, certificate } = tls === false ? { key: "", certificate: "" } : given;
  const files = { certificate: write("cert.pem", certificate), key: write("key.pem", key) };
  return {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: join(folder, "storage") },
      delete: { enabled: canDelete },
    },
    http: { addr: `127.0.0.1:${port}`, secret: "test", ...(tls === false ? {} : { tls: files }) },
    ...(auth === "none"
      ? {}
      : { auth: auth === "token" ? { token: token() } : { htpasswd: htpasswd() } }),
  };
}

type Write = (name: string, text: string) => string;

function certified(write: Write, tokenService: TokenService | undefined): object {
  const { realm, service, issuer, certificate = "" } = tokenService ?? {};
  return { realm, service, issuer, rootcertbundle: write("tokens.pem", certificate) };
}

function known(write: Write, { keys, ...place }: Believed): object {
  return { ...place, jwks: write("keys.json", keys), signingalgorithms: ["RS256"] };
}

function passwordFile(auth: DockerRegistryOptions["auth"]): string {
  const { user, password } =
    typeof auth === "object" ? auth : { user: testUser, password: testPassword };
  // A low bcrypt cost: every request checks the password anew.
  const args = ["-nbB", "-C", "4", user, password];
  return execFileSync("htpasswd", args, { encoding: "utf8" });
}

function accessLog(output: string): readonly string[] {
  const requests = output.matchAll(/"((?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+) HTTP\/1\.[01]"/g);
  return [...requests].map(([, request = ""]) => request);
}
