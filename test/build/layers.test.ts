import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BuildRequest } from "../../src/build/engine.ts";
import { ownTags } from "../../src/image/key.ts";
import { printRepository, withTag } from "../../src/oci/reference.ts";
import { client } from "../registry/clients.ts";
import { run } from "../support/flow.ts";
import { openProjects } from "../support/projects.ts";

describe("the layer cache of a build", async () => {
  const { memory, job } = await openProjects();
  const minute = (count: number) => new Date(Date.parse("2026-11-20T12:00:00Z") + count * 60_000);

  /** What the engine is asked for when an image with this line is built at this minute. */
  async function asked(
    project: string,
    at: number,
    line: string,
    env: Record<string, string> = {},
  ): Promise<BuildRequest> {
    let request: BuildRequest | undefined;
    const settings = { upstream: "acme", merge: { bots: [], mergedResults: false } };
    const options = job(project, {
      settings,
      env,
      dockerfiles: { one: `FROM scratch\nRUN ${line}\n` },
      now: minute(at),
      onBuild: (seen) => {
        request = seen;
      },
    });
    await run(options);
    assert.ok(request);
    return request;
  }

  const told = ({ cacheFrom, cacheTo, cacheSince, noCache, destination }: BuildRequest) => ({
    from: cacheFrom.map(({ path }) => path),
    to: cacheTo?.path,
    since: cacheSince,
    noCache,
    tag: destination.tag,
  });
  const cached = (since: number, to: string, ...from: readonly string[]) => ({
    from,
    to,
    since: minute(since),
    noCache: false,
    tag: ownTags.built,
  });
  /** Ten minutes before the first build at minute 1, whose first layer a slower machine must still find young enough. */
  const beforeTheFirst = -9;
  const up = "acme/tools/one";
  const fork = "jane/tools/one";
  const forced = { QEMU_CI_FORCE_REBUILD: "1", CI_PIPELINE_ID: "200" };

  test("begins with the first build, and is the fork's and upstream's from then on", async () => {
    assert.deepEqual(told(await asked("acme/tools", 1, "a")), cached(beforeTheFirst, up));
    assert.deepEqual(told(await asked("acme/tools", 2, "b")), cached(beforeTheFirst, up, up));
    assert.deepEqual(told(await asked("jane/tools", 3, "c")), cached(beforeTheFirst, fork, up));
    const both = cached(beforeTheFirst, fork, fork, up);
    assert.deepEqual(told(await asked("jane/tools", 4, "d")), both);
  });

  test("is neither read nor written where an image is built from scratch", async () => {
    await asked("acme/tools", 1, "a");
    const merge = {
      CI_MERGE_REQUEST_IID: "1",
      CI_MERGE_REQUEST_EVENT_TYPE: "merge_train",
      CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "1",
      CI_MERGE_REQUEST_PROJECT_ID: "1",
    };
    for (const env of [forced, merge]) {
      const request = told(await asked("acme/tools", 2, Object.keys(env).join("-"), env));
      const none = { from: [], to: undefined, since: minute(2), noCache: true, tag: ownTags.built };
      assert.deepEqual(request, none);
    }
    assert.deepEqual(told(await asked("acme/tools", 3, "b")), cached(beforeTheFirst, up, up));
  });

  test("is left by a fork whose own is older than upstream's last refresh", async () => {
    await asked("acme/tools", 1, "a");
    await asked("jane/tools", 2, "b");
    const fresh = await asked("acme/tools", 5, "a", forced);
    const registry = client(undefined);
    const repository = { host: memory.host, path: up };
    const tags = [...(memory.repositories.get(up)?.tags.keys() ?? [])];
    const key = tags.find((tag) => tag.endsWith("-r200"));
    const manifest = await registry.get(withTag(repository, key ?? ""));
    assert.ok(manifest, `${printRepository(repository)}: ${tags}`);
    await registry.put(withTag(repository, ownTags.cache), manifest);
    assert.equal(fresh.noCache, true);
    assert.deepEqual(told(await asked("jane/tools", 6, "c")), cached(5, fork, up));
    assert.deepEqual(told(await asked("jane/tools", 7, "d")), cached(5, fork, fork, up));
  });

  test("that was begun by a clock which goes ahead is left, and begun anew", async () => {
    await asked("acme/tools", 100_000, "a");
    assert.deepEqual(told(await asked("acme/tools", 2, "b")), cached(-8, up));
    assert.deepEqual(told(await asked("acme/tools", 3, "c")), cached(-8, up, up));
  });

  test("of upstream is read and never written by a merge request of a stranger, which has its own", async () => {
    await asked("acme/tools", 1, "a");
    const stranger = { CI_MERGE_REQUEST_IID: "1", CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "2" };
    const request = told(await asked("acme/tools", 2, "b", stranger));
    assert.deepEqual([request.from, request.to], [[up], "acme/tools/try/one"]);
  });
});
