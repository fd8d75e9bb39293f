/** What an engine is asked for, and how long a daemon is waited for. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { docker } from "../../src/build/docker.ts";
import type { BuildRequest } from "../../src/build/engine.ts";
import { BerthError } from "../../src/errors.ts";
import type { Image } from "../../src/image/image.ts";
import type { RunOptions } from "../../src/world.ts";
import { run } from "../support/flow.ts";
import { ended } from "../support/processes.ts";
import { type Job, openProjects } from "../support/projects.ts";

describe("what an engine is asked for", async () => {
  const projects = await openProjects();
  const { memory } = projects;
  const text = "FROM scratch\nCOPY a /a\nRUN --mount=type=bind,source=b,target=/b \\\n  make\n";
  const context = { a: "1", b: "2", c: "3" };
  const built = async (change: Job = {}) => {
    const seen: (BuildRequest & { readonly files: readonly string[] })[] = [];
    const onBuild = async (request: BuildRequest) => {
      seen.push({ ...request, files: (await readdir(request.contextFolder)).sort() });
    };
    const job = { dockerfiles: { x: text }, context, onBuild, ...change };
    const flow = await run(projects.job("qemu-project/qemu", job));
    return { flow, request: seen[0] };
  };

  test("the files that the text reaches, and which of them a RUN mounts on which line", async () => {
    const { request } = await built();
    assert.deepEqual(request?.files, ["a", "b"]);
    assert.deepEqual(request?.mounted, [{ path: "b", line: 3 }]);
  });

  test("hosts without TLS are those on this machine", async () => {
    const { request } = await built();
    assert.deepEqual(request?.insecureHosts, [memory.host]);
  });

  test("secrets and args that the Dockerfile does not tell are hidden in what the engine says", async () => {
    const args = { WORD: "xyzzy-1", PLAIN: "plugh" };
    const secrets = [{ id: "t", env: "TOKEN" }];
    const change = (image: Image): Image => ({ ...image, args, secrets });
    const dockerfiles = { x: "FROM scratch\nARG WORD\nARG PLAIN=plugh\nRUN make\n" };
    const machineEnv = { TOKEN: "correct horse" };
    const { request } = await built({ change, dockerfiles, machineEnv });
    const line = "x of x.docker: xyzzy-1, plugh, correct horse";
    assert.equal(request?.hide(line), "x of x.docker: [MASKED], plugh, [MASKED]");
  });

  test("an ARG of a parent's triggers counts as expanded", async () => {
    const requests: BuildRequest[] = [];
    const dockerfiles = { base: "FROM scratch\nONBUILD RUN x\n", x: "FROM qemu/base\n" };
    const onBuild = (request: BuildRequest): void => void requests.push(request);
    await run(projects.job("qemu-project/qemu", { dockerfiles, onBuild }));
    const expands = requests.map(({ name, traits }) => `${name} ${traits.expandsArgs}`);
    assert.deepEqual(expands, ["base false", "x true"]);
  });

  test("what an engine said is wanted again where it failed, and not where it was ended", async () => {
    const ends: (boolean | undefined)[] = [];
    const onEnd = (isFailed: boolean | undefined): void => void ends.push(isFailed);
    for (const code of [undefined, "BUILD_FAILED", "INTERRUPTED"] as const) {
      const onBuild = () => {
        if (code !== undefined) throw new BerthError(code, "build x");
      };
      await built({ dockerfiles: { x: `FROM scratch\nRUN ${code}\n` }, onBuild, onEnd });
    }
    assert.deepEqual(ends, [false, true, false]);
  });

  for (const [what, secret] of [
    [/variable NOWHERE is not set/, { id: "t", env: "NOWHERE" }],
    [/variable toString is not set/, { id: "t", env: "toString" }],
    [/file nowhere\/token is not there/, { id: "t", file: "nowhere/token" }],
  ] as const)
    test(`a secret that is not there ends the build before it begins: ${what.source}`, async () => {
      const change = (image: Image): Image => ({ ...image, secrets: [secret] });
      const { flow, request } = await built({ change });
      assert.equal(request, undefined);
      assert.equal(flow.outcomes[0]?.error?.code, "SECRET_MISSING");
      assert.match(flow.outcomes[0]?.error?.message ?? "", what);
    });
});

/** Asks for a daemon that never comes up: how long, and with which DOCKER_HOST. */
async function waitFor(env: Readonly<Record<string, string>>) {
  let now = 0;
  const hosts = new Set<unknown>();
  const sleep = async (milliseconds: number) => {
    now += milliseconds;
  };
  const clock = { now: () => new Date(now), sleep };
  const program = async (_: string, args: readonly string[], options: RunOptions = {}) => {
    if (args[0] === "version") hosts.add(options.env?.["DOCKER_HOST"]);
    return ended({ exitCode: 1, stderr: "no" });
  };
  const nothing = async () => undefined;
  const files = { entry: nothing, read: nothing, write: nothing };
  await assert.rejects(docker({ run: program, files, clock, env }).check());
  return { seconds: Math.round(now / 10_000) * 10, hosts: [...hosts] };
}

test("a daemon that is promised is waited for, another must be there at once", async () => {
  const host = "tcp://docker:2376";
  assert.deepEqual(await waitFor({}), { seconds: 0, hosts: [undefined] });
  assert.deepEqual(await waitFor({ CI: "true" }), { seconds: 120, hosts: [undefined] });
  assert.deepEqual(await waitFor({ DOCKER_HOST: host }), { seconds: 120, hosts: [host] });
});
