/** What a plan writes: whether that is due, and what is asked of the registry before any of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { printRepository } from "../../src/oci/reference.ts";
import type { Decision } from "../../src/plan/plan.ts";
import { announceRun, isPublishDue, refusedWrite } from "../../src/plan/rights.ts";
import type { Right } from "../../src/registry/registry.ts";
import { plannedImage, planWith, someDigest, toReuse } from "../support/keyed.ts";

const digest = someDigest;
const decisions: Readonly<Record<string, Decision>> = {
  own: toReuse(`r.example/own/app@${digest}`),
  recorded: {
    kind: "reuse",
    reference: `r.example/own/app@${digest}`,
    digest,
    foundBy: "set-record",
  },
  upstream: toReuse(`r.example/up/app@${digest}`),
  copy: { kind: "copy", from: `r.example/up/app@${digest}`, digest, foundBy: "key-tag" },
  build: { kind: "build", because: { code: "absent", looked: [] } },
  scratch: { kind: "build", because: { code: "absent", looked: [] }, scratch: { code: "forced" } },
};
const [own, upstream] = ["own", "up"].map((path) => ({ host: "r.example", path }));

/** A plan of an image for each of these names of decisions, parted by blanks. */
function planOf(names: string, complete = true, set: { record?: string; stale?: boolean } = {}) {
  const place = { repository: "r.example/own/app", tag: "key" };
  const images = names
    .split(" ")
    .map((name, at) => plannedImage(`app${at || ""}`, decisions[name]!, place));
  const plan = planWith(images, { complete });
  return { ...plan, set: { ...plan.set, ...set } };
}

const here = { ci: true, own, upstream, wishes: { tag: undefined, force: "none" } } as const;
const tagged = { ...here, wishes: { tag: "mine", force: "none" } } as const;

test("publishing is due for what is made, a record that lacks or is stale, and a user's tag", () => {
  const record = "r.example/own/berth:set";
  const machine = { ...here, ci: false };
  for (const [plan, situation, due] of [
    [planOf("build", false), machine, true],
    [planOf("copy", true, { record }), here, true],
    [planOf("own", true, { record }), here, false],
    [planOf("own", true, { record }), tagged, true],
    [planOf("own", false, { record }), tagged, false],
    [planOf("own", true, { record, stale: true }), here, true],
    [planOf("own", true, { record, stale: true }), machine, false],
    [planOf("own", true), machine, true],
    [planOf("own", false), machine, false],
    [planOf("own", false), here, true],
    [planOf("upstream", false), here, false],
    [planOf("upstream", false), tagged, false],
    [planOf("upstream", false, { stale: true }), here, true],
    [planOf("upstream", false, { stale: true }), machine, false],
    [planOf("own upstream", false), here, true],
    [planOf("own upstream", false, { record }), here, false],
    [planOf("own upstream", false), machine, false],
    [planOf("own build", true, { record }), here, true],
  ] as const)
    assert.equal(isPublishDue(plan, situation), due, JSON.stringify([plan.images, plan.set]));
});

const said = ({ access, repository }: Right) => `${access} ${printRepository(repository)}`;

test("the right to push is asked for, tag by tag, where a job of GitLab has something to push or to tag", async () => {
  const record = "push r.example/own/berth: set-5";
  const mounted = "push r.example/own/berth, pull r.example/up/berth: set-5";
  const again = "push r.example/own/berth, pull r.example/own/berth: set-5";
  const app = "push r.example/own/app";
  const { built, cache } = ownTags;
  const onRecord = { record: "r.example/own/berth:set" };
  for (const [decision, situation, complete, asked, set] of [
    ["own", here, true, [], onRecord],
    ["recorded", here, true, [], { ...onRecord, stale: true }],
    // What the record's image was lost for lacks the set's tag.
    ["own", here, true, [again, `${app}: set-5`], { ...onRecord, stale: true }],
    ["own", { ...here, ci: false }, true, []],
    ["upstream", here, false, []],
    ["own", here, true, [record, `${app}: set-5`]],
    ["own", tagged, true, [again, `${app}: set-5 mine`], onRecord],
    ["own upstream", here, false, [record]],
    ["build", { ...here, ci: false }, true, []],
    ["build", { ...here, own: undefined }, true, []],
    ["build", here, false, [record, `${app}: key ${built} ${cache}`]],
    ["build", here, true, [record, `${app}: key set-5 ${built} ${cache}`]],
    [
      "build",
      here,
      true,
      [mounted, `${app}: key set-5 ${built} ${cache}`],
      { record: "r.example/up/berth:set" },
    ],
    ["scratch", tagged, true, [record, `${app}: key set-5 mine ${built}`]],
    [
      "copy",
      here,
      true,
      ["push r.example/own/berth: set-5", `${app}, pull r.example/up/app: key set-5`],
    ],
  ] as const) {
    const questions: string[] = [];
    const announced: string[] = [];
    const registry = {
      announce: (access: Right["access"], [repository]: readonly Right["repository"][]) =>
        void announced.push(said({ access, repository: repository! })),
      refusal: async (rights: readonly Right[], tags: readonly string[]) =>
        void questions.push(`${rights.map(said).join(", ")}: ${tags.join(" ")}`),
    };
    const plan = planOf(decision, complete, set);
    assert.equal(await refusedWrite(plan, situation, registry), undefined);
    assert.deepEqual(questions, asked);
    const rights = asked.flatMap((one) => one.replace(/: .*/, "").split(", "));
    assert.deepEqual(announced, rights);
  }
});

test("a refusal is told with what is refused, and nothing more is asked", async () => {
  const answers = [undefined, "denied: tags"];
  const registry = { announce: () => undefined, refusal: async () => answers.shift() };
  const why = await refusedWrite(planOf("build"), here, registry);
  assert.equal(why, "app may not be pushed from this pipeline: denied: tags");
});

test("writes are announced at once, unless a build comes first, whose end no token would see", () => {
  const all = ["push r.example/own/berth", "push r.example/own/app"];
  for (const [decision, complete, expected] of [
    ["build", true, []],
    ["own", false, all.slice(0, 1)],
    ["own", true, all],
    ["copy", true, [...all, "pull r.example/up/app"]],
  ] as const) {
    const announced: string[] = [];
    const announce = (access: Right["access"], [repository]: readonly Right["repository"][]) =>
      void announced.push(said({ access, repository: repository! }));
    announceRun(planOf(decision, complete), own!, { announce });
    assert.deepEqual(announced, expected);
  }
});
