/** Logins and credential helpers for tests. */
import { type RegistryLogin, resolveCredentials } from "../../src/registry/credentials.ts";
import type { Run, RunResult } from "../../src/world.ts";

export const encode = (pair: string) => Buffer.from(pair).toString("base64");
export const login = (username: string, password: string): RegistryLogin => ({
  username,
  password,
});
export const auths = (entries: Record<string, string>) =>
  JSON.stringify({
    auths: Object.fromEntries(
      Object.entries(entries).map(([key, pair]) => [key, { auth: encode(pair) }]),
    ),
  });

const finished: RunResult = {
  exitCode: 0,
  signal: undefined,
  missing: false,
  timedOut: false,
  stdout: "",
  stderr: "",
};

/** Credential helpers as programs of this table: what they answer by program and host. */
export function helpers(answers: Record<string, Partial<RunResult>>, calls: string[] = []): Run {
  return async (command, args, options) => {
    const call = `${command} ${args.join(" ")} < ${String(options?.input)}`;
    calls.push(call);
    return { ...finished, ...(answers[call] ?? { missing: true, exitCode: undefined }) };
  };
}

export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly run?: Run;
}

/** What is found in these variables, and in these files where docker and containers tools look first. */
export async function credentials({ env = {}, files = [], run = helpers({}) }: Given) {
  const warnings: string[] = [];
  const places = {
    REGISTRY_AUTH_FILE: "/0",
    DOCKER_CONFIG: "/1",
    XDG_RUNTIME_DIR: "/2",
    HOME: "/3",
  };
  const found = await resolveCredentials({
    env: { ...places, ...env },
    read: async (path) => {
      const text = files[Number(path.split("/")[1])];
      return text === undefined ? undefined : Buffer.from(text);
    },
    run,
    warn: (line) => warnings.push(line),
  });
  return { ...found, warnings };
}
