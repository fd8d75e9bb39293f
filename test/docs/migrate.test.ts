import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/config/parse.ts";
import { contentWith } from "../support/ci-files.ts";
import { recipeOf } from "../support/recipe.ts";
import { components } from "../templates/templates.ts";
import { includesOf, readPage, unknownNames } from "./pages.ts";

const guides = ["migrate-qemu.md", "migrate-freedesktop.md"].map(readPage);

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
      assert.doesNotThrow(() => contentWith(component.text, inputs), template);
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

  test(`${name}: jobs, inputs, keys, commands and errors that the text names exist`, () => {
    assert.deepEqual(unknownNames(text), []);
  });
}

test("the Dockerfiles of the guides can be read", () => {
  const files = guides.flatMap(({ blocks }) =>
    blocks.filter((each) => each.language === "dockerfile"),
  );
  const bases = files.map(({ file, text }) => recipeOf(text, { file }).base?.reference);
  assert.deepEqual(bases, ["docker.io/library/debian:trixie"]);
});
