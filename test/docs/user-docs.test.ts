import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { version } from "../../src/cli/program.ts";
import type { Given } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { checks } from "../../src/doctor/diagnose.ts";
import { contentWith } from "../support/ci-files.ts";
import { recipeOf } from "../support/recipe.ts";
import { components } from "../templates/templates.ts";
import { textOf, unknownFlags, unknownSettings, unknownVariables } from "./names.ts";
import { type Block, includesOf, isPipeline, readPage, unknownNames, words } from "./pages.ts";

const docs = join(import.meta.dirname, "../../docs");
const names = ["quick-start", "recipes", "messages", "runners", "comparison"];
const guides = ["migrate-qemu", "migrate-freedesktop"];
const pages = [...names, ...guides].map((name) => readPage(`${name}.md`));
const [, recipes] = pages;
const isConfig = ({ language, file }: Block) =>
  language === "yaml" && /^(?:berth\.yml|ci\/\w+\.yml)/.test(file);

for (const { name, text, blocks } of pages) {
  const isGuide = guides.includes(name.replace(".md", ""));
  test(`${name}: every block of YAML says which file it is, and is right`, () => {
    const own = isGuide ? includesOf(blocks).map(({ inputs }) => inputs) : [{}];
    assert.ok(own.length > 0);
    for (const block of blocks.filter(({ language }) => language === "yaml")) {
      // A guide's one berth.yml says the same as the inputs.
      if (isConfig(block))
        for (const { prefix, reference } of own as readonly Given[])
          parseConfig(block.text, block.file, {
            ...(prefix && { prefix }),
            ...(reference && { reference }),
          });
      else if (isGuide && block.file.startsWith("before: ")) continue;
      else assert.ok(isPipeline(block), block.text);
      for (const { template, inputs } of isPipeline(block) ? includesOf([block]) : []) {
        const component = components.find((each) => each.name === template);
        assert.ok(component, `there is no component ${template}`);
        assert.doesNotThrow(() => contentWith(component.text, inputs), block.text);
      }
    }
  });

  test(`${name}: jobs, inputs, commands, flags, keys, variables and errors that it names exist`, () => {
    const unknown = [unknownNames, unknownFlags, unknownSettings, unknownVariables];
    assert.deepEqual(
      unknown.flatMap((look) => look(text)),
      [],
    );
  });
}

const linked = readdirSync(docs).filter((name) => name.endsWith(".md"));
for (const file of ["README.md", "SECURITY.md", ...linked])
  test(`${file}: links to headings lead to headings, and no two are alike`, () => {
    const path = join(linked.includes(file) ? docs : dirname(docs), file);
    const text = readFileSync(path, "utf8");
    const links = [...text.matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)];
    const broken = links.filter(
      ([, target, anchor]) =>
        !anchorsOf(target ? join(dirname(path), target) : path).includes(anchor ?? ""),
    );
    assert.deepEqual(
      broken.map(([link]) => link),
      [],
    );
    const anchors = anchorsOf(path);
    assert.deepEqual(
      anchors.filter((anchor, i) => anchors.indexOf(anchor) !== i),
      [],
    );
  });

/** Headings as GitLab makes anchors of them. */
function anchorsOf(path: string): readonly string[] {
  const text = readFileSync(path, "utf8").replace(/^```.*?^```$/gms, "");
  return words(text, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("the configurations of two includes differ in what would clash", () => {
  const file = recipes?.blocks.find((block) => block.file === "ci/arm64.yml");
  const second = parseConfig(file?.text ?? "", "ci/arm64.yml", { prefix: "ARM64" });
  const first = parseConfig("", "berth.yml");
  assert.notEqual(second.repository, first.repository);
  assert.deepEqual(
    second.publish.filter(({ tag }) => first.publish.some((rule) => rule.tag === tag)),
    [],
  );
});

test("the Dockerfiles of the pages can be read", () => {
  const files = pages.flatMap(({ blocks }) =>
    blocks.filter(({ language }) => language === "dockerfile"),
  );
  assert.equal(files.length, 3);
  for (const { file, text } of files) recipeOf(text, { file });
});

test("what the pages quote of berth is what berth says", () => {
  const text = pages.map((page) => page.text).join();
  const code = textOf("src");
  const quotes = [
    ["key not found in the registry", "key not found in"],
    ["in the set record", "in the set record"],
    ["may not be read", "may not be read ("],
    ["is used as written", "is used as written, its digest"],
    ["not as committed", "not as committed: "],
    ["plan.json: there is none", "/plan.json: there is none"],
    ["was killed", "} was killed"],
    ["is not a tag", "is not a tag`"],
    ["a tag of berth's own", "a tag of berth's own"],
    ["older than 7 days", ", older than $"],
    ["moved from …", " moved from $"],
  ];
  assert.deepEqual(
    quotes.filter(([quoted = "", said = ""]) => !text.includes(quoted) || !code.includes(said)),
    [],
  );
});

test("docs/recipes.md says what older GitLab lacks, each version by which doctor explains what is not told among it", () => {
  const told = words(recipes?.text ?? "", /^\| before ([\d.]+)[ ,|]/gm);
  const known = words(textOf("src/doctor"), /\(older than ([\d.]+)/g);
  assert.deepEqual([...new Set(known)].sort(), ["17.9", "18.7"]);
  assert.deepEqual(
    known.filter((version) => !told.includes(version)),
    [],
  );
});

test("members of JSON that docs/commands.md tells are those of each command", () => {
  const rows = readPage("commands.md").text.matchAll(/^\| `([a-z]+)` \| (.*`(\w+)`.*) \|$/gm);
  const told = [...rows].filter(([, name = ""]) => existsSync(join(docs, `../src/cli/${name}.ts`)));
  assert.ok(told.length > 7);
  const folders = { promote: "src/publish", pull: "src/run" };
  for (const [, name = "", members = ""] of told) {
    const own = folders[name as keyof typeof folders] ?? `src/${name}`;
    const more = existsSync(join(docs, "..", own)) ? textOf(own) : "";
    const code = `${readFileSync(join(docs, `../src/cli/${name}.ts`), "utf8")}${more}`;
    assert.deepEqual(
      words(members, /`(\w+)`/g).filter((word) => !new RegExp(`\\b${word}\\b`).test(code)),
      [],
      name,
    );
  }
});

test("components that pages include are there, in this version", () => {
  const files = ["README.md", ...linked.map((name) => `docs/${name}`)];
  const named = files.flatMap((file) =>
    [...readFileSync(join(docs, "..", file), "utf8").matchAll(/\/berth\/([a-z]+)@([\d.]+)/g)].map(
      ([, component, at]) => `${file}: ${component} ${at}`,
    ),
  );
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter((one) => !components.some(({ name }) => one.endsWith(`: ${name} ${version}`))),
    [],
  );
});

test("checks of berth doctor that the pages name exist", () => {
  const lists = pages.flatMap(({ text }) => words(text, /\blines? ((?:`[a-z-]+`(?:, )?)+)/g));
  const ids = lists.flatMap((list) => words(list, /`([a-z-]+)`/g));
  assert.ok(ids.length > 3);
  assert.deepEqual(
    ids.filter((id) => !(checks as readonly string[]).includes(id)),
    [],
  );
});
