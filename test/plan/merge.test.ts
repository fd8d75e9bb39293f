import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refreshReasonOf } from "../../src/plan/decide.ts";
import type { Freshness } from "../../src/plan/freshness.ts";
import { type Role, type Situation, situationOf } from "../../src/plan/situation.ts";
import type { Variables } from "../support/job-variables.ts";
import { keyedImage, notAsked } from "../support/keyed.ts";
import { branch, jobIn, mergeRequest, qemu, shas } from "./pipelines.ts";
import { seen } from "./sightings.ts";

const bots = { ...qemu, merge: { bots: ["marge-bot"], mergedResults: true } };
const onlyBots = { ...qemu, merge: { bots: ["marge-bot"], mergedResults: false } };
const marge = { user: "marge-bot" } as const;
const url = "https://gitlab.example.com/qemu-project/qemu";
const inTrain = jobIn("upstream", mergeRequest("fork", "merge_train"));
const inResult = jobIn("upstream", mergeRequest("fork", "merged_result"));

const byBot = mergeRequest("fork");
const inFork = jobIn("fork", mergeRequest("fork", "merged_result"));
const branchOf = (project: "upstream" | "fork") => jobIn(project, branch("topic"), marge);
const { target: head } = shas;

/** Because of what, and the target's branch, head and address as far as they are known. */
type Target = readonly (string | undefined)[];
const contexts: readonly (readonly [string, Variables, string | undefined, ...Target])[] = [
  ["a branch is none", jobIn("upstream", branch("staging", true)), undefined],
  ["a detached merge request is none", jobIn("upstream", byBot), undefined],
  ["a developer's machine is none", {}, undefined],
  ["a merge train", inTrain, "merge train", "master", head],
  ["a merged result", inResult, "merged results", "master", head],
  ["one in a fork knows where its target is", inFork, "merged results", "master", head, url],
  ["a bot's request with empty heads", jobIn("upstream", byBot, marge), "merge bot", "master"],
  ["a bot's in a fork", jobIn("fork", byBot, marge), "merge bot", "master", undefined, url],
  ["a bot's branch in upstream", branchOf("upstream"), "merge bot", "master"],
  ["a bot's branch in a fork, whose default branch may be old", branchOf("fork"), "merge bot"],
  [
    "a bot on a train",
    { ...inTrain, GITLAB_USER_LOGIN: "marge-bot" },
    "merge train",
    "master",
    head,
  ],
];

describe("a merge", () => {
  for (const [what, job, because, name, head, url] of contexts)
    test(`${what}: ${because ?? "none"}`, () => {
      const merge = because && { because, target: { branch: name, head, url } };
      assert.deepEqual(situationOf(job, bots, undefined).merge, merge);
    });

  test("is no merged result unless the configuration says so", () => {
    assert.equal(situationOf(inResult, qemu, undefined).merge, undefined);
    const byMarge = { ...inResult, GITLAB_USER_LOGIN: "marge-bot" };
    assert.equal(situationOf(byMarge, onlyBots, undefined).merge?.because, "merge bot");
  });

  test("is not what a user of another name does, nor one without a name", () => {
    const { GITLAB_USER_LOGIN: _, ...nameless } = jobIn("upstream", branch("topic"));
    for (const name of [{ GITLAB_USER_LOGIN: "marge" }, { GITLAB_USER_LOGIN: "" }, {}])
      assert.equal(situationOf({ ...nameless, ...name }, onlyBots, undefined).merge, undefined);
  });
});

const revision = shas.head;

/** What git and the image say, and whether that will do where it is asked. */
const histories: readonly (readonly [string, Partial<Freshness>, suffices: boolean])[] = [
  ["its revision has the target", known(revision, shas.target, [revision]), true],
  ["its revision lacks the target", known(revision, shas.target, []), false],
  ["only another revision has it", known(revision, shas.target, [shas.base]), false],
  ["its revision is unknown", known(undefined, shas.target, [revision]), false],
  ["the target is unknown", known(revision, undefined, []), false],
  ["nothing is known", {}, false],
];

function known(
  revision: string | undefined,
  target: string | undefined,
  onTarget: readonly string[],
): Partial<Freshness> {
  const origin = { created: undefined, revision, bases: [] };
  return { origins: new Map([["debian", origin]]), target, onTarget: new Set(onTarget) };
}

const roles: readonly Role[] = ["upstream", "fork", "local"];
const places = roles.flatMap((role) =>
  (["own", "upstream"] as const).map((source) => ({
    role,
    source,
    isAsked: source === "own" && role !== "upstream",
  })),
);

for (const { role, source, isAsked } of places)
  for (const [state, facts, suffices] of histories) {
    const isBuilt = isAsked && !suffices;
    const what = `${role}, seen in ${source}, ${state}`;
    test(`in a merge, ${what}: ${isBuilt ? "built again" : "used"}`, () => {
      const here: Situation = { ...situationOf(inTrain, qemu, undefined), role };
      const reasonIn = (situation: Situation) => {
        const asked = { situation, config: qemu, fresh: { ...notAsked, ...facts } };
        return refreshReasonOf(keyedImage("debian"), seen(source), asked);
      };
      const expected = {
        code: "merge",
        because: "merge train",
        revision: facts.origins?.get("debian")?.revision ?? null,
        target: facts.target ?? null,
      };
      assert.deepEqual(reasonIn(here), isBuilt ? expected : undefined);
      assert.equal(reasonIn({ ...here, merge: undefined }), undefined);
    });
  }
