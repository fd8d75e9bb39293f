import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ofGeneration } from "../../src/oci/tags.ts";
import { asHere, refuseForeign } from "../../src/plan/asked.ts";
import { serializePlan } from "../../src/plan/make.ts";
import { type Plan, type PlannedImage, parsePlan } from "../../src/plan/plan.ts";
import { planOf, run } from "../support/flow.ts";
import { openProjects } from "../support/projects.ts";

const stranger = "registry.example.com/eve/qemu/qemu/base";
const other = `sha256:${"7".repeat(64)}`;

const at = { digest: other, foundBy: "key-tag" } as const;
const from = `${stranger}@${other}`;
const elsewhere = [{ branch: "x", tag: "v1.0" }];

/** What somebody may write into a plan, and what is then said. */
const edits: Readonly<Record<string, readonly [(plan: Plan) => Plan, RegExp]>> = {
  "another project's repository": [
    onFirst(() => ({ repository: stranger })),
    /it puts base into .*eve.*, and not into .*\/qemu-project\/qemu\/base/,
  ],
  "another image's repository": [
    onFirst(({ repository }) => ({ repository: `${repository}-x` })),
    /it puts base into/,
  ],
  "a moving tag": [onFirst(() => ({ tag: "latest" })), /tags base as latest/],
  "the tag of another key": [
    onFirst(() => ({ tag: `key2-${"0".repeat(64)}` })),
    /tags base as key2-0000/,
  ],
  "a generation's tag without a generation": [
    onFirst(({ tag }) => ({ tag: `${tag}-r1` })),
    /tags base as key2-[0-9a-f]+-r1/,
  ],
  "another tag beside a generation": [
    (plan) => ofRun(onFirst(() => ({ tag: "latest" }))(plan)),
    /tags base as latest/,
  ],
  "a generation's tag for what is not made": [
    (plan) => {
      const { repository } = plan.images[0] as PlannedImage;
      const reference = `${repository}@${other}`;
      const reuse = { decision: { kind: "reuse", reference, ...at } } as const;
      return ofRun(onFirst(({ tag }) => ({ ...reuse, tag: ofGeneration(tag, run1) }))(plan));
    },
    /tags base as key2-[0-9a-f]+-l1, and not as/,
  ],
  "a stranger's image to copy": [
    onFirst(() => ({ decision: { kind: "copy", from, ...at } })),
    /it takes base from .*eve/,
  ],
  "a stranger's image to use": [
    onFirst(() => ({ decision: { kind: "reuse", reference: from, ...at } })),
    /it takes base from .*eve/,
  ],
  "the name of another set": [inSet({ id: "3".repeat(64) }), /its set is 3333/],
  "a set's tag that is none": [inSet({ tag: "latest" }), /calls the set latest/],
  "another pipeline's generation": [inSet({ generation: "r99" }), /calls its generation r99/],
  "another configuration": [
    (plan) => ({ ...plan, config: { ...plan.config, publish: elsewhere } }),
    /its configuration is not the one here/,
  ],
};

const run1 = "l1";

/** A plan of this machine's own generation. */
function ofRun(plan: Plan): Plan {
  return inSet({ generation: run1 })({ ...plan, pipeline: null });
}

function inSet(change: Partial<Plan["set"]>): (plan: Plan) => Plan {
  return (plan) => ({ ...plan, set: { ...plan.set, ...change } });
}

function onFirst(change: (image: PlannedImage) => object): (plan: Plan) => Plan {
  return (plan) => {
    const [first, ...rest] = plan.images;
    assert.ok(first !== undefined);
    return { ...plan, images: [{ ...first, ...change(first) } as PlannedImage, ...rest] };
  };
}

describe("a plan that another job made", async () => {
  const projects = await openProjects();
  const dockerfiles = { base: "FROM scratch\n", child: "FROM qemu/base\nRUN make\n" };
  const job = projects.job("qemu-project/qemu", { dockerfiles, settings: { upstream: undefined } });
  const { plan, identified } = await planOf(job);

  test("is taken as it was made, before the builds and after them", async () => {
    const check = ({ plan }: { readonly plan: Plan }) =>
      refuseForeign(parsePlan(serializePlan(plan), "plan.json"), job.situation, plan.config);
    check({ plan });
    await run(job);
    check(await planOf(job));
  });

  for (const [name, [edit, told]] of Object.entries(edits))
    test(`is refused where it asks for ${name}`, () => {
      const edited = parsePlan(serializePlan(edit(plan)), "plan.json");
      assert.throws(() => refuseForeign(edited, job.situation, plan.config), {
        code: "PLAN_INVALID",
        message: told,
      });
    });

  test("says nothing of what an image is made of", () => {
    const secrets = [{ id: "x", file: "/etc/passwd" }];
    const edited = onFirst(() => ({ secrets, platform: "linux/arm64", parents: [] }))(plan);
    assert.deepEqual(asHere(edited, identified.images).images, plan.images);
  });

  test("cannot lead out of a folder by a name", () => {
    const names: readonly ((image: PlannedImage) => object)[] = [
      () => ({ name: "../../x" }),
      () => ({ secrets: [{ id: "../../lab/pwned", file: "x" }] }),
    ];
    for (const change of names)
      assert.throws(() => parsePlan(serializePlan(onFirst(change)(plan)), "plan.json"), {
        code: "PLAN_INVALID",
        message: /images\.0\.(?:name|secrets\.0\.?.*)/,
      });
  });
});

test("a damaged plan and one of another version are told from each other", () => {
  for (const [text, what] of [
    ["", "it is not JSON"],
    ['{"version":2}', "another version of berth wrote it"],
    ['{"version":1}', "config: "],
  ] as const)
    assert.throws(
      () => parsePlan(text, "p"),
      (error: Error) => error.message.startsWith(`read p: ${what}`),
    );
});
