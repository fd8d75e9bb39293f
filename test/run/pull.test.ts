import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attached, type PullPorts, pull, pullOnly } from "../../src/run/pull.ts";
import type { ToolName } from "../../src/run/tool.ts";
import { someDigest } from "../support/keyed.ts";
import { ended } from "../support/processes.ts";

const login = JSON.stringify({ auths: { "r.example": { auth: "eDp5" } } });
const none = '{"auths":{}}';
const at = (host: string) => `${host}/app@${someDigest}`;

interface Case {
  readonly tool?: ToolName;
  readonly host?: string;
  readonly auth?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly insecure?: readonly string[];
  readonly isHere?: boolean;
  /** Of the pull; it is `pull` with flags and the reference where `undefined`. */
  readonly ended?: Partial<Attached>;
  /** What `docker context inspect` prints. */
  readonly context?: string;
}

/** Pulls, and tells what was run with which variables, and which files were there for it. */
async function meet(work: (...given: Parameters<typeof pull>) => Promise<unknown>, change: Case) {
  const { tool = "docker", host = "r.example", auth = login, env = {}, insecure = [] } = change;
  const told: unknown[] = [];
  const files = new Map<string, string>();
  const authFileFor = async (all: readonly string[]) =>
    all.join() === host ? auth : assert.fail(all.join());
  const ports: PullPorts = {
    login: { insecureHosts: insecure, credentials: async () => ({ authFileFor }) },
    attach: async (command, args, { env: own, mode }) => {
      told.push([command, ...args], { ...own }, ...files.values());
      assert.equal(mode, "progress");
      const well = { exitCode: 0, signal: undefined, missing: false, asked: undefined, errors: "" };
      return { ...well, ...change.ended };
    },
    world: {
      env,
      run: async (_, [first]) =>
        first === "image"
          ? ended({ exitCode: change.isHere ? 0 : 1 })
          : ended(change.context === undefined ? { exitCode: 1 } : { stdout: change.context }),
      files: {
        temporary: async () => ({ path: "/private", remove: async () => files.clear() }),
        write: async (path, text, mode) => {
          assert.equal(mode, 0o600);
          files.set(path, text as string);
        },
      },
    },
  };
  const pulled = await work(at(host), { name: tool, command: tool }, ports);
  assert.equal(files.size, 0);
  return [pulled, ...told];
}

const inPrivate = { DOCKER_CONFIG: "/private" };
const cases: Readonly<Record<string, readonly [change: Case, told: readonly unknown[]]>> = {
  "what is here already is not pulled": [{ isHere: true }, [false]],
  "docker gets the login in a private folder": [
    {},
    [true, ["docker", "pull", at("r.example")], inPrivate, login],
  ],
  "and goes on with the daemon of its user's context, and the plugins at home": [
    { context: "unix:///run/user/1/docker.sock\n", env: { HOME: "/home/jane" } },
    [
      true,
      ["docker", "pull", at("r.example")],
      { ...inPrivate, DOCKER_HOST: "unix:///run/user/1/docker.sock", DOCKER_CONTEXT: undefined },
      JSON.stringify({
        ...JSON.parse(login),
        cliPluginsExtraDirs: ["/home/jane/.docker/cli-plugins"],
      }),
    ],
  ],
  "but not where a variable names the daemon": [
    { context: "unix:///other.sock", env: { DOCKER_HOST: "tcp://d:2376" } },
    [true, ["docker", "pull", at("r.example")], inPrivate, login],
  ],
  "podman gets it as a file": [
    { tool: "podman" },
    [true, ["podman", "pull", "--authfile=/private/config.json", at("r.example")], {}, login],
  ],
  "podman speaks plain http with this machine": [
    { tool: "podman", host: "127.0.0.1:5000", auth: none },
    [true, ["podman", "pull", "--tls-verify=false", at("127.0.0.1:5000")], {}],
  ],
  "podman speaks plain http with insecure hosts, and docker's daemon decides for itself": [
    { tool: "podman", insecure: ["r.example"], auth: none },
    [true, ["podman", "pull", "--tls-verify=false", at("r.example")], {}],
  ],
  "without a login of berth's own docker has its user's": [
    { auth: none, insecure: ["r.example"] },
    [true, ["docker", "pull", at("r.example")], {}],
  ],
};
for (const [what, [change, told]] of Object.entries(cases))
  test(what, async () => assert.deepEqual(await meet(pull, change), told));

test("a job's pull has its logins alone, none too, whatever is here", async () => {
  const flagged = (...all: Parameters<typeof pull>) => pullOnly(...all, ["--platform=linux/arm64"]);
  const line = ["docker", "pull", "--platform=linux/arm64", at("r.example")];
  const told = await meet(flagged, { auth: none, isHere: true });
  assert.deepEqual(told, [undefined, line, inPrivate, none]);
});

const failures: readonly (readonly [Partial<Attached>, code: string, says: RegExp])[] = [
  [{ exitCode: undefined, asked: "SIGINT" }, "INTERRUPTED", /: SIGINT ended it$/],
  [{ exitCode: undefined, missing: true }, "ENGINE_MISSING", /: docker is not installed$/],
  [
    { exitCode: 1, errors: "a\nError response from daemon: unauthorized: no\n" },
    "REGISTRY_DENIED",
    /@sha256:\w+: unauthorized: no$/,
  ],
  [{ exitCode: 1, errors: "Error: manifest is odd\n" }, "REGISTRY_REFUSED", /: manifest is odd$/],
];
for (const [how, code, message] of failures)
  test(`a pull that ended as ${JSON.stringify(how)} is ${code}`, () =>
    assert.rejects(meet(pull, { ended: how }), { code, message }));
