import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { extendAll } from "../../src/pipelines/pipeline.ts";
import { plain } from "../../src/pipelines/tree.ts";
import { contentWith, mapOf } from "../support/ci-files.ts";
import {
  type Jobs,
  keywordProblems,
  nameProblems,
  needsProblems,
  retryProblems,
  scriptProblems,
  shapeProblems,
} from "./checks.ts";
import {
  type Combination,
  type Component,
  combinationsOf,
  components,
  templateFiles,
  valuesOf,
} from "./templates.ts";

test("every file is called as GitLab finds components, and the components are there", () => {
  const strange = templateFiles.filter(
    (path) => !/^templates\/[\w-]+(?:\/template)?\.yml$/.test(path),
  );
  assert.deepEqual(strange, []);
  const names = components.map(({ name }) => name);
  assert.deepEqual(names, ["images", "rules"]);
});

/** The bodies of all other components under the same prefix, as one pipeline may include them all. */
function neighbours(component: Component, prefix: string): Jobs {
  const others = components.filter(({ name }) => name !== component.name);
  return Object.assign({}, ...others.map((other) => bodyWith(other, prefix))) as Jobs;
}

/** The component's own jobs with what they extend; GitLab's refusal where that does not exist. */
function extended(component: Component, body: Jobs, prefix: string): Jobs {
  const all = plain(extendAll(mapOf({ ...neighbours(component, prefix), ...body }))) as Jobs;
  const own = Object.keys(body).map((name) => {
    const { extends: _, ...job } = all[name] ?? {};
    return [name, job];
  });
  return Object.fromEntries(own);
}

const bodies = new Map<string, Jobs>();

function bodyWith(component: Component, prefix: string): Jobs {
  const id = `${component.name} ${prefix}`;
  const known =
    bodies.get(id) ?? (contentWith(component.text, leastInputs(component, prefix)) as Jobs);
  bodies.set(id, known);
  return known;
}

function leastInputs({ name, inputs }: Component, prefix: string): Combination {
  const mandatory = [...inputs].filter(([, declaration]) => !("default" in declaration));
  return {
    ...Object.fromEntries(
      mandatory.map(([input, spec]) => [input, valuesOf(name, input, spec)[0]]),
    ),
    job_prefix: prefix,
  };
}

/** What is wrong under any combination of inputs, each with the first combination that shows it. */
function problemsOf(
  component: Component,
  check: (body: Jobs, prefix: string) => readonly string[],
): string[] {
  const found = new Map<string, Combination>();
  for (const inputs of combinationsOf(component)) {
    const body = contentWith(component.text, inputs) as Jobs;
    for (const problem of check(body, String(inputs["job_prefix"])))
      if (!found.has(problem)) found.set(problem, inputs);
  }
  return [...found].map(([problem, inputs]) => `${problem}, with ${changesOf(component, inputs)}`);
}

function changesOf({ inputs }: Component, given: Combination): string {
  const changes = Object.entries(given)
    .map(([name, value]) => [name, JSON.stringify(value)] as const)
    .filter(([name, value]) => value !== JSON.stringify(inputs.get(name)?.default));
  return changes.map(([name, value]) => `${name}: ${value}`).join(", ") || "no input";
}

for (const component of components)
  describe(`component ${component.name}, whatever its inputs`, () => {
    test("has keywords that GitLab knows with everything extended, in hidden jobs too", () => {
      const problems = problemsOf(component, (body, prefix) =>
        keywordProblems(extended(component, body, prefix)),
      );
      assert.deepEqual(problems, []);
    });

    test("has sound jobs under its prefix, and extends only what exists", () => {
      const problems = problemsOf(component, (body, prefix) => {
        const jobs = extended(component, body, prefix);
        const checks = [shapeProblems, retryProblems, scriptProblems];
        return [
          ...nameProblems(Object.keys(body), prefix),
          ...needsProblems(jobs, prefix),
          ...checks.flatMap((check) => check(jobs)),
        ];
      });
      assert.deepEqual(problems, []);
    });
  });

test("no two components have a job of the same name, for GitLab would merge them", () => {
  const names = components.flatMap((component) => Object.keys(bodyWith(component, "x-")));
  assert.deepEqual([...new Set(names)], names);
});
