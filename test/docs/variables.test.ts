/** Every variable of berth's own that the code reads has its line on the page, and no line is about another. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { basesAnnotation } from "../../src/plan/freshness.ts";
import { textOf } from "./names.ts";
import { words } from "./pages.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
const section = page.slice(
  page.indexOf("### Variables that berth reads"),
  page.indexOf("\n### Tags"),
);
const code = textOf("src");
const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

test("what users set begins with the prefix, and is on the page", () => {
  const read = words(code, /\$\{prefix\}_([A-Z_]+)/g).concat(
    words(code, /\$\{config\.prefix\}_([A-Z_]+)/g),
  );
  // What jobs are told, which only the plan's report writes.
  const written = ["IMAGE_", "IMAGE_NAME", "CONTAINER_BASE"];
  assert.deepEqual(
    sorted(words(section, /^\| `<PREFIX>_([A-Z_]+)` \|/gm)),
    sorted(read).filter((name) => !written.includes(name)),
  );
});

test("the annotations of an image are on the page, and no others", () => {
  const [, told = ""] = /^`berth\.\{(.+)\}` as annotations/m.exec(page) ?? [];
  const put = words(`${textOf("src/build")} "${basesAnnotation}"`, /"berth\.([a-z-]+)"/g);
  assert.deepEqual(sorted(told.split(",")), sorted(put));
});

test("no other name begins with BERTH_ than those by which the component hands on its inputs", () => {
  const read = sorted(words(code, /\b(BERTH_[A-Z_]*[A-Z])\b/g));
  assert.deepEqual(sorted(words(section, /`(BERTH_INPUT_[A-Z_]+)`/g)), read);
  const handed = sorted(words(textOf("templates"), /^ +(BERTH_INPUT_[A-Z_]+):/gm));
  assert.deepEqual(handed, read);
});
