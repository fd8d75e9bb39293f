/** The table of threats in docs/trust.md, and the tests that it links. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const top = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(top, path), "utf8");
const attacks = "test/platform/attacks.test.ts";

const [, table = ""] = read("docs/trust.md").split("\n## Threats\n");
const rows = [...(table.split("\n## ")[0] ?? "").matchAll(/^\| (?!attacker|-)(.+) \|$/gm)].map(
  ([, row = ""]) => row.split(" | "),
);

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
