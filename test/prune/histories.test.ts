import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { dayMs, isKept, keptPatterns } from "../../src/prune/facts.ts";
import { type MemoryProject, makeProject, type ProjectOptions } from "./project.ts";

const branchNames = ["master", "stable-1", "topic"] as const;
const imageNames = ["debian", "fedora", "alpine"] as const;

type Step =
  | {
      readonly do: "push";
      readonly branch: string;
      readonly image: string;
      readonly content: number;
    }
  | { readonly do: "drop"; readonly branch: string; readonly image: string }
  | { readonly do: "rerun" | "remove"; readonly branch: string }
  | { readonly do: "wait"; readonly days: number }
  | { readonly do: "prune"; readonly killedAfter: number };

const branch = fc.constantFrom(...branchNames);
const image = fc.constantFrom(...imageNames);
const push = fc.record({
  do: fc.constant("push" as const),
  branch,
  image,
  content: fc.integer({ min: 0, max: 3 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: push },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), branch, image }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rerun" as const), branch }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("remove" as const), branch: fc.constant("topic") }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      days: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("prune" as const),
      killedAfter: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 12 })),
    }),
  },
);

/** Carries a step out; gives what a pipeline found broken. */
async function carryOut(project: MemoryProject, one: Step, kill: { after: number }) {
  switch (one.do) {
    case "push":
      return project.push(one.branch, {
        ...project.contentsOf(one.branch),
        [one.image]: one.content,
      });
    case "drop": {
      const { [one.image]: _dropped, ...rest } = project.contentsOf(one.branch);
      return project.branches().includes(one.branch) ? project.push(one.branch, rest) : [];
    }
    case "rerun":
      return project.branches().includes(one.branch) ? project.rerun(one.branch) : [];
    case "remove":
      project.remove(one.branch);
      return [];
    case "wait":
      project.now += one.days * dayMs;
      return [];
    case "prune": {
      kill.after = one.killedAfter;
      await project.apply(await project.plan()).catch((error: unknown) => {
        if (error !== killed) throw error;
      });
      kill.after = 1000;
      return [];
    }
  }
}

const killed = new Error("killed");

function missing(project: MemoryProject, isFork: boolean): readonly string[] {
  const kept = project
    .branches()
    .filter((name) => isKept(keptPatterns({ branches: undefined }, isFork), name, "master"));
  return kept.flatMap((name) => project.model.missing(project.needsOf(name)));
}

async function play(options: ProjectOptions, steps: readonly Step[], during: readonly Step[]) {
  const kill = { after: 1000 };
  const project = makeProject({
    ...options,
    onDelete: () => {
      if (kill.after-- <= 0) throw killed;
      return undefined;
    },
  });
  project.push("master", { debian: 0 });
  const broken: string[] = [];
  for (const one of steps) {
    if (one.do === "prune") {
      // What happens in the project while a prune works, between two of its looks.
      const pending = [...during];
      project.onAsk = () => {
        const next = pending.shift();
        if (next?.do === "push")
          broken.push(...project.push(next.branch, { [next.image]: next.content }));
        if (next?.do === "rerun" && project.branches().includes(next.branch))
          broken.push(...project.rerun(next.branch));
      };
    }
    broken.push(...(await carryOut(project, one, kill)));
    project.onAsk = () => undefined;
    broken.push(...missing(project, options.isFork ?? false));
  }
  assert.deepEqual(broken, []);
  return project;
}

const kinds: readonly (readonly [string, ProjectOptions])[] = [
  ["a registry that tells of single tags", { numbered: true }],
  ["a registry that tells no times", { tells: "digest" }],
  ["a token that sees no pipelines", { sees: false }],
  ["a fork", { isFork: true }],
];

for (const [name, options] of kinds)
  describe(name, () => {
    test("never loses an image that a kept branch or a pipeline needs", async () =>
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 5, maxLength: 30 }),
          fc.array(step, { maxLength: 3 }),
          async (steps, during) => {
            await play(options, steps, during);
          },
        ),
        { numRuns: 150 },
      ));
  });

test("what is left after a while is what the kept branches need", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const project = await play({ numbered: true }, steps, []);
      project.now += 30 * dayMs;
      // A pipeline of today, as the one that prune itself runs in.
      project.rerun("master");
      await project.apply(await project.plan());
      const left = [...project.model.repositories].flatMap(([repository, tags]) =>
        [...tags.keys()].map((tag) => `${repository}:${tag}`),
      );
      const { needed, pipelines } = await project.facts();
      const today = (pipelines ?? []).map(({ id }) => `-r${id}`);
      const useless = left.filter((place) => {
        const tag = place.slice(place.indexOf(":") + 1);
        return !needed.has(place) && tag !== "latest" && !today.some((end) => tag.endsWith(end));
      });
      assert.deepEqual(useless, []);
      const images = new Set(
        project.branches().flatMap((name) => Object.keys(project.contentsOf(name))),
      );
      const gone = left.filter((place) => {
        const repository = place.slice(0, place.indexOf(":"));
        return repository !== "berth" && !images.has(repository);
      });
      assert.deepEqual(gone, []);
    }),
    { numRuns: 100 },
  );
});

test("a prune that is killed anywhere and run again ends where an unbroken one does", async () =>
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 25 }),
      fc.integer({ min: 0, max: 20 }),
      async (steps, killedAfter) => {
        const history = steps.filter((one) => one.do !== "prune");
        const late: Step = { do: "wait", days: 20 };
        const prune: Step = { do: "prune", killedAfter: 1000 };
        const whole = await play({}, [...history, late, prune], []);
        const broken = await play({}, [...history, late, { do: "prune", killedAfter }, prune], []);
        const stateOf = ({ model }: MemoryProject) =>
          [...model.repositories].map(([path, tags]) => [path, [...tags.keys()].sort()]);
        assert.deepEqual(stateOf(broken), stateOf(whole));
      },
    ),
    { numRuns: 60 },
  ));
