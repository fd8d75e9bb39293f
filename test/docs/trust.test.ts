/** The table of threats in docs/trust.md, and the tests that it links. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const top = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(top, path), "utf8");
const attacks = "test/platform/attacks.ts";

/** The cells of the table below a heading, without its own heading. */
function tableBelow(heading: string): readonly (readonly string[])[] {
  const [, below = ""] = read("docs/trust.md").split(`\n## ${heading}\n`);
  const [section = ""] = below.split("\n## ");
  const [, ...rows] = [...section.matchAll(/^\| (.+) \|$/gm)];
  return rows.map(([, row = ""]) => row.split(" | "));
}

const rows = tableBelow("Threats");

test("every threat has a test, but for what who may do everything can do", () => {
  assert.ok(rows.length > 10);
  const bare = rows.filter((cells) => !cells.at(-1)?.includes("](../test/"));
  assert.deepEqual(
    bare.map(([attacker]) => attacker),
    ["Maintainer, or a stolen token of one"],
  );
});

test("the threats that link the runner's attacks are those that it tries", () => {
  const linking = rows.filter((cells) => cells.at(-1)?.includes(`](../${attacks})`));
  const tried = [...read(attacks).matchAll(/^test\("([^"]+)", /gm)].map(([, name = ""]) => name);
  assert.deepEqual(
    tried.filter((name) => !name.startsWith("after all of it")),
    linking.map(([attacker]) => attacker),
  );
});

test("what was tried is held by tests that are there, under the names that are told", () => {
  const tried = tableBelow("What was tried");
  assert.ok(tried.length > 15);
  for (const [what, tests = ""] of tried) {
    const links = [...tests.matchAll(/\]\(\.\.\/(test\/[^)]+)\): ((?:(?:, )?"[^"]+")+)/g)];
    assert.ok(links.length > 0, what);
    for (const [, path = "", names = ""] of links) {
      const declared = read(path).match(/\btest\([\s\S]*?(?:=> \{|=>\n)/g) ?? [];
      for (const [, name = ""] of names.matchAll(/"([^"]+)"/g))
        assert.ok(
          declared.some((test) => test.includes(name)),
          `${path}: ${name}`,
        );
    }
  }
});
