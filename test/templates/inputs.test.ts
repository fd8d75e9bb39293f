import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { componentsText } from "../../scripts/inputs.ts";
import { withPart } from "../../scripts/schema.ts";
import { version } from "../../src/cli/program.ts";
import { readContent, settleInputs } from "../../src/pipelines/inputs.ts";
import { isHash } from "../../src/pipelines/tree.ts";
import { expand, expandAll, listed } from "../../src/pipelines/variables.ts";
import { readYaml } from "../../src/pipelines/yaml.ts";
import { jobsIn, mapOf, pipelineText, type Variables } from "../support/ci-files.ts";
import { type Component, components, valuesOf } from "./templates.ts";

/** What would end a word, a line, a quotation or an expression. */
const hostile = [
  ...["a b\nc", "a\n", "\na", 'a"b', "a'b", "a;b", "a&&b", "a`b`", "a>b", "a#{b}", "a\u0000"],
];
/** What would begin a command, or a variable that is not the component's. */
const inShell = ["$(a)", "${a}", "$a", "a|b", "a(b", "a*", "~", "a b"];

for (const component of components)
  describe(`the inputs of component ${component.name}`, () => {
    const inputs = [...component.inputs];
    const of = (type: string) => inputs.filter(([, declaration]) => declaration.type === type);

    test("are declared without mistake, and each is used", () => {
      assert.ok(readContent(readYaml(component.text), null, { lenient: true }).size > 0);
      const used = component.blocks.map(({ name }) => name);
      assert.deepEqual(new Set(used), new Set(component.inputs.keys()));
    });

    test("are no more than a person reads at once", () =>
      assert.ok(inputs.length <= 16, `${inputs.length}`));

    test("need nothing that GitLab 17.0 does not have", () =>
      assert.deepEqual(component.component, []));

    test("are called in snake case, with a type and a sentence that describes them", () => {
      const wrong = inputs.filter(
        ([name, { type, description }]) =>
          !/^[a-z]+(?:_[a-z]+)*$/.test(name) ||
          type === undefined ||
          !/^[A-Z].*\.$/s.test(String(description)),
      );
      assert.deepEqual(wrong, []);
    });

    test("take no text that could leave its place", () => {
      const open = of("string").filter(([, { regex, options }]) => {
        const anchored = typeof regex === "string" && regex.startsWith("^") && regex.endsWith("$");
        return !anchored && options === undefined;
      });
      assert.deepEqual(open, [], "a regex from ^ to $, or options");
      const accepted = of("string").flatMap(([name, declaration]) =>
        [...hostile, ...(isInShell(component, name) ? inShell : [])]
          .filter((value) => isTaken(name, declaration, value))
          .map((value) => `${name}: ${JSON.stringify(value)}`),
      );
      assert.deepEqual(accepted, []);
    });

    test("have values to be tested with beside their default", () => {
      const poor = inputs.filter(([name, spec]) => valuesOf(component.name, name, spec).length < 2);
      assert.deepEqual(poor, []);
    });
  });

function isTaken(name: string, declaration: object, value: string): boolean {
  return settleInputs(mapOf({ [name]: declaration }), mapOf({ [name]: value })).errors.length === 0;
}

/** Whether an input ends in a line of a script, in a key, or in the name of a job that runs, as no hidden one does. */
function isInShell({ blocks }: Component, input: string): boolean {
  return blocks.some(
    ({ name, whole, inKey, path }) =>
      name === input &&
      !whole.startsWith(".") &&
      (inKey || path.some((key) => ["script", "extends"].includes(key))),
  );
}

test("a time is one that GitLab reads as it is meant: of 90mn it would make seconds", () => {
  const declaration = components.flatMap(({ inputs }) => inputs.get("build_timeout") ?? []);
  assert.equal(declaration.length, 1);
  const taken = (value: string) => isTaken("build_timeout", declaration[0] ?? {}, value);
  for (const value of ["", "3h", "90m", "1h30m", "45min", "2hours", "1d", "3600s"])
    assert.ok(taken(value), value);
  for (const value of ["90mn", "2std", "1h30", "3_hours", "60", "1hx", "0x", "h"])
    assert.ok(!taken(value), value);
});

test("inputs that several components have are the same in all, but for defaults", () => {
  const all = components.flatMap(({ inputs }) => [...inputs]);
  const shared = Map.groupBy(all, ([name]) => name);
  const apart = [...shared].filter(([name, declarations]) => {
    // To the component rules upstream is a name to compare with, and never a registry.
    if (name === "upstream") return false;
    const forms = declarations.map(([, { type, regex, options }]) =>
      JSON.stringify([type, regex, options]),
    );
    return new Set(forms).size > 1;
  });
  const names = apart.map(([name]) => name);
  assert.deepEqual(names, []);
});

test("the tool image is by default that of this version", () => {
  const defaults = components.flatMap(({ inputs }) => inputs.get("image")?.default ?? []);
  assert.ok(defaults.length > 0);
  for (const image of defaults)
    assert.match(String(image), new RegExp(`:${version.replaceAll(".", "\\.")}$`));
});

test("docs/configuration.md says what the templates say (npm run docs)", () => {
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  assert.equal(page, withPart(page, "components", componentsText()));
});

const places: readonly (readonly [what: string, variables: Variables, place: string])[] = [
  ["berth-ci/berth of this GitLab", {}, "r.example.com/berth-ci/berth/tool"],
  ["a group's BERTH_TOOL", { BERTH_TOOL: "r.lan/tools/berth/tool" }, "r.lan/tools/berth/tool"],
];

for (const [what, variables, place] of places)
  for (const engine of ["buildah", "docker"])
    test(`the jobs' tool images, with ${engine}, are those at ${what}`, async () => {
      const all = { CI_REGISTRY: "r.example.com", CI_COMMIT_BRANCH: "main", ...variables };
      const include = { template: "images", inputs: { mode: "fan-out", engine } };
      const jobs = await jobsIn(pipelineText([include], { check: { script: "x" } }), {
        CI_DEFAULT_BRANCH: "main",
        ...all,
      });
      const told = (name: string, text: string) => {
        const job = jobs.get(name);
        const values = expandAll([...(job?.variables ?? []), ...listed(all)]);
        const image = job?.options["image"];
        return expand(text || (isHash(image) ? String(image["name"]) : ""), values, "stays");
      };
      const withEngine = `${place}-${engine}:${version}`;
      assert.equal(told("berth-promote", ""), `${place}:${version}`);
      assert.equal(told("berth-plan", "$BERTH_INPUT_IMAGE"), `${place}:${version}`);
      assert.equal(told("berth-plan", "$BERTH_INPUT_BUILD_IMAGE"), withEngine);
    });
