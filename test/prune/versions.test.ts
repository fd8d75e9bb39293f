/** A release that raises the key's version, while a kept branch goes on with the berth of before. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PruneSettings } from "../../src/config/config.ts";
import { keyVersion } from "../../src/image/key.ts";
import { dayMs } from "../../src/prune/facts.ts";
import { makeProject, type ProjectOptions } from "./project.ts";

const stable = { debian: 1, fedora: 1 };

/** main upgrades, changes its images and prunes each week; stable-1 does nothing for so many days. */
async function upgraded(
  other: number,
  days: number,
  prune: Partial<PruneSettings> = {},
  tells: NonNullable<ProjectOptions["tells"]> = "all",
) {
  let main: number = other;
  const versionOf = (branch: string) => (branch === "master" ? main : other);
  const project = makeProject({ versionOf, prune, tells });
  project.push("master", stable);
  project.push("stable-1", stable);
  project.now += 30 * dayMs;
  main = keyVersion;
  const doubts: string[] = [];
  const start = project.now;
  for (let week = 0; project.now < start + days * dayMs; week++) {
    project.push("master", { ...stable, debian: 2 + week });
    project.now += 7 * dayMs;
    const plan = await project.plan();
    doubts.push(...plan.doubts.map(({ why }) => why));
    await project.apply(plan);
  }
  const left = project.model.missing(project.needsOf("stable-1", other), other);
  return { project, doubts, broken: project.rerun("stable-1"), left };
}

describe("prune after a release that raised the key's version", () => {
  for (const tells of ["all", "digest"] as const)
    for (const [what, other] of [
      ["an older", keyVersion - 1],
      ["a newer", keyVersion + 1],
    ] as const)
      test(`leaves a branch with ${what} berth its images (a look tells ${tells})`, async () => {
        const { project, doubts, broken, left } = await upgraded(other, 90, {}, tells);
        assert.deepEqual([broken, left, doubts], [[], [], []]);
        assert.deepEqual(project.model.missing(project.needsOf("master")), []);
      });

  test("still deletes what its own version has left behind", async () => {
    const { project } = await upgraded(keyVersion - 1, 90);
    const keys = [...(project.model.repositories.get("debian")?.keys() ?? [])];
    const own = keys.filter((tag) => tag.startsWith(`key${keyVersion}-`)).length <= 3;
    assert.ok(own, keys.join(" "));
  });

  test("deletes them, records first, when the project says that they are old enough", async () => {
    const other = keyVersion - 1;
    const settings = { otherVersions: 60 };
    assert.deepEqual((await upgraded(other, 21, settings)).left, []);
    const { project, broken, left } = await upgraded(other, 90, settings);
    assert.equal(left.length, 2);
    assert.deepEqual(broken, [], "no record promises what is gone");
    assert.deepEqual(project.model.missing(project.needsOf("master")), []);
  });
});
