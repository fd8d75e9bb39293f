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

const contexts: readonly (readonly [what: string, job: Variables, merge: unknown])[] = [
  ["a branch is none", jobIn("upstream", branch("staging", true)), undefined],
  ["a detached merge request is none", jobIn("upstream", mergeRequest("fork")), undefined],
  ["a developer's machine is none", {}, undefined],
  [
    "a merge train",
    inTrain,
    { because: "merge train", target: { branch: "master", head: shas.target, url: undefined } },
  ],
  [
    "a merged result",
    inResult,
    { because: "merged results", target: { branch: "master", head: shas.target, url: undefined } },
  ],
  [
    "a merged result in a fork knows where its target is",
    jobIn("fork", mergeRequest("fork", "merged_result")),
    { because: "merged results", target: { branch: "master", head: shas.target, url } },
  ],
  [
    "a bot's detached merge request, whose heads are empty",
    jobIn("upstream", mergeRequest("fork"), marge),
    { because: "merge bot", target: { branch: "master", head: undefined, url: undefined } },
  ],
  [
    "a bot's detached merge request in a fork",
    jobIn("fork", mergeRequest("fork"), marge),
    { because: "merge bot", target: { branch: "master", head: undefined, url } },
  ],
  [
    "a bot's branch in upstream",
    jobIn("upstream", branch("topic"), marge),
    { because: "merge bot", target: { branch: "master", head: undefined, url: undefined } },
  ],
  [
    "a bot's branch in a fork, whose default branch may be old",
    jobIn("fork", branch("topic"), marge),
    { because: "merge bot", target: { branch: undefined, head: undefined, url: undefined } },
  ],
  [
    "a bot on a train is a train",
    { ...inTrain, GITLAB_USER_LOGIN: "marge-bot" },
    { because: "merge train", target: { branch: "master", head: shas.target, url: undefined } },
  ],
];

describe("a merge", () => {
  for (const [what, job, merge] of contexts) {
    test(what, () => assert.deepEqual(situationOf(job, bots, undefined).merge, merge));
  }

  test("is no merged result unless the configuration says so", () => {
    assert.equal(situationOf(inResult, qemu, undefined).merge, undefined);
    const { merge } = situationOf(
      { ...inResult, GITLAB_USER_LOGIN: "marge-bot" },
      onlyBots,
      undefined,
    );
    assert.equal(merge?.because, "merge bot");
  });

  test("is not what a user of another name does, nor one without a name", () => {
    const { GITLAB_USER_LOGIN: _, ...nameless } = jobIn("upstream", branch("topic"));
    for (const name of [{ GITLAB_USER_LOGIN: "marge" }, { GITLAB_USER_LOGIN: "" }, {}])
      assert.equal(situationOf({ ...nameless, ...name }, onlyBots, undefined).merge, undefined);
  });
});

const revision = shas.head;

/** What git and the image say, and whether that will do where it is asked. */
const histories: readonly (readonly [
  what: string,
  facts: Partial<Freshness>,
  suffices: boolean,
])[] = [
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

for (const { role, source, isAsked } of places) {
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
}
