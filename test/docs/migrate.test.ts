import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeProgram } from "../../src/cli/program.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { schema } from "../../src/config/schema.ts";
import { resolveRecipe } from "../../src/dockerfile/recipe.ts";
import { errorCodes } from "../../src/errors.ts";
import { interpolate, type Values } from "../support/interpolate.ts";
import { parseCi } from "../support/template.ts";
import { gitlabProject } from "../templates/gitlab.ts";
import { components } from "../templates/templates.ts";

interface Block {
  readonly language: string;
  /** The file that its first line names. */
  readonly file: string;
  readonly text: string;
}

interface Pipeline {
  readonly include?: readonly { readonly component: string; readonly inputs?: Values }[];
  readonly stages?: readonly string[];
}

const guides = ["migrate-qemu.md", "migrate-freedesktop.md"].map((name) => {
  const text = readFileSync(join(import.meta.dirname, "../../docs", name), "utf8");
  return { name, text, blocks: blocksOf(text) };
});

function blocksOf(text: string): readonly Block[] {
  const found = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  return found.map(([, language = "", body = ""]) => ({
    language,
    file: /^# (.+)\n/.exec(body)?.[1] ?? "",
    text: body,
  }));
}

/** All parts of a guide's new pipeline in one. */
function pipelineOf(blocks: readonly Block[]): Pipeline {
  const parts = blocks
    .filter(({ language, file }) => language === "yaml" && /^\.gitlab-ci/.test(file))
    .map(({ text }) => parseCi(text)[0]?.toJS() as Pipeline);
  return Object.assign({ stages: ["containers", "build", "test"] }, ...parts) as Pipeline;
}

function includesOf(blocks: readonly Block[]) {
  return (pipelineOf(blocks).include ?? []).map(({ component, inputs = {} }) => ({
    template: /\/berth-ci\/berth\/([a-z]+)@/.exec(component)?.[1] ?? component,
    inputs,
  }));
}

const words = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? "");

/** Names of jobs, hidden ones too, of all components with default names. */
const jobs = new Set(
  components.flatMap(({ text, inputs }) => {
    const values = inputs.has("upstream") ? { upstream: "acme" } : {};
    return Object.keys(parseCi(interpolate(text, values).text).at(-1)?.toJS() as object);
  }),
);

for (const { name, text, blocks } of guides) {
  test(`${name}: every block of YAML says what it is, and none is left unread`, () => {
    const files = blocks.filter(({ language }) => language === "yaml").map(({ file }) => file);
    const strange = files.filter(
      (file) => !/^(?:before: )?(?:berth\.yml|\.gitlab-ci\S*)$/.test(file),
    );
    assert.deepEqual(strange, []);
    assert.ok(files.includes("berth.yml") && files.some((file) => file.startsWith(".gitlab-ci")));
  });

  test(`${name}: components take the inputs that they are given`, () => {
    const includes = includesOf(blocks);
    assert.ok(includes.length > 0);
    for (const { template, inputs } of includes) {
      const component = components.find((each) => each.name === template);
      assert.ok(component, `there is no component ${template}`);
      assert.doesNotThrow(() => interpolate(component.text, inputs), template);
    }
  });

  test(`${name}: berth.yml is right, and says the same as the inputs`, () => {
    const file = blocks.find((block) => block.file === "berth.yml");
    for (const { inputs } of includesOf(blocks)) {
      const given = Object.fromEntries(
        Object.entries(inputs).filter(([key]) => key === "prefix" || key === "reference"),
      );
      parseConfig(file?.text ?? "", "berth.yml", given);
    }
  });

  test(`${name}: the new pipeline is one that GitLab takes, and its jobs run after the images`, async () => {
    const { include: _, ...rest } = pipelineOf(blocks);
    await using project = await gitlabProject(includesOf(blocks), { ...rest }, "qemu-project/qemu");
    const listed = await project.list({ CI_COMMIT_BRANCH: "staging", CI_DEFAULT_BRANCH: "master" });
    const own = [...listed.values()].filter((job) => !job.name.startsWith("berth-"));
    assert.ok(own.length > 0);
    for (const job of own)
      assert.ok(
        job.needs?.some((need) => JSON.stringify(need).includes("berth-plan")),
        job.name,
      );
  });

  test(`${name}: jobs, inputs, keys, commands and errors that the text names exist`, () => {
    const inputs = new Set(components.flatMap((component) => [...component.inputs.keys()]));
    const options = schema.shape.defaults.unwrap().shape;
    const keys = new Set(Object.keys({ ...schema.shape, ...options }));
    const commands = new Set(
      makeProgram(() => undefined).commands.map((command) => command.name()),
    );
    const unknown = [
      ...words(text, /`(\.?berth-[a-z][a-z-]*)`/g).filter((job) => !jobs.has(job)),
      ...words(text, /\binput `([a-z_]+)`/g).filter((input) => !inputs.has(input)),
      ...words(text, /`([a-z_]+)` in `berth\.yml`/g).filter((key) => !keys.has(key)),
      ...words(text, /(?:`|^)berth ([a-z]+)/gm).filter((command) => !commands.has(command)),
      ...words(text, /errors\.md#([a-z_]+)/g).filter((code) => !(code.toUpperCase() in errorCodes)),
    ];
    assert.deepEqual(unknown, []);
  });
}

test("the Dockerfiles of the guides can be read", () => {
  const files = guides.flatMap(({ blocks }) =>
    blocks.filter((each) => each.language === "dockerfile"),
  );
  const bases = files.map(({ file, text }) => {
    const parentOf = () => undefined;
    const platform = "linux/amd64";
    return resolveRecipe(text, {
      file,
      args: {},
      target: undefined,
      platform,
      parentOf,
      allowAdd: [],
    }).base?.reference;
  });
  assert.deepEqual(bases, ["docker.io/library/debian:trixie"]);
});
