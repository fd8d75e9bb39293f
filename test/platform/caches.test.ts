/** The keys of caches that follow files, as GitLab makes them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import type { Plain } from "../../src/pipelines/plain.ts";
import { type Repository, repositoryAt } from "../context/repository.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { withKeys } from "./coordinator/caches.ts";

let folder: Folder;
let repository: Repository;
before(async () => {
  folder = await temporaryFolder("berth-caches-");
  repository = repositoryAt({ after }, folder.path);
  repository.run("init", "-q");
  repository.write({ "a.lock": "one", "deep/b.lock": "two", other: "three" });
  repository.commit();
});
after(() => folder.remove());

const git = (...args: readonly string[]) => repository.run(...args);
const sha1 = (...ids: readonly string[]) =>
  createHash("sha1")
    .update([...ids].sort().join("-"))
    .digest("hex");

/** The keys of caches whose keys are written so. */
async function keys(...written: readonly Plain[]): Promise<readonly unknown[]> {
  const cache = written.map((key) => ({ key, paths: ["kept"] }));
  const options = await withKeys({ cache }, git("rev-parse", "HEAD"), async (...args) =>
    git(...args),
  );
  return (options["cache"] as readonly { readonly key: unknown }[]).map(({ key }) => key);
}

test("a key of files is that of their contents, behind its prefix or the cache's number", async () => {
  const [a = "", b = ""] = ["a.lock", "deep/b.lock"].map((path) =>
    git("rev-parse", `HEAD:${path}`),
  );
  const written = [
    "$CI_COMMIT_REF_SLUG",
    { files: ["a.lock"] },
    { files: ["deep/b.lock", "a.lock", "gone"], prefix: "$CI_JOB_NAME" },
    { files: ["**/*.lock"] },
    { files: ["*.lock"] },
    { files: ["gone"] },
  ];
  const [, one, both] = ["", sha1(a), sha1(a, b)];
  const expected = [
    "$CI_COMMIT_REF_SLUG",
    `1-${one}`,
    `$CI_JOB_NAME-${both}`,
    `3-${both}`,
    `4-${one}`,
  ];
  assert.deepEqual(await keys(...written), [...expected, "5-default"]);
});

test("a key of files_commits is that of the commits that changed them last", async () => {
  const first = git("rev-parse", "HEAD");
  repository.write({ other: "four" });
  repository.commit();
  const last = git("rev-parse", "HEAD");
  const found = await keys({ files_commits: ["a.lock"] }, { files_commits: ["a.lock", "other"] });
  assert.deepEqual(found, [`0-${sha1(first)}`, `1-${sha1(first, last)}`]);
});
