import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fill, printTable, tableWidth, wrap } from "../../src/output/table.ts";
import { screen } from "../support/screen.ts";

const row = ["debian", "build", "RUN at line 12 and 2 more changed since latest"];
const headings = ["IMAGE", "DECISION", "BECAUSE"];

test("columns are as wide as their widest cell", () => {
  const narrow = [
    ["abc", "x"],
    ["", "y"],
  ];
  assert.equal(printTable(["A", "LONG"], narrow, screen()), "A    LONG\nabc  x\n     y\n");
  const sized = printTable(["A", "SIZE", "B"], [["a", "1", "b"]], screen(), ["SIZE"]);
  assert.equal(sized, "A  SIZE  B\na     1  b\n");
  assert.equal(tableWidth(["A", "LONG"], narrow), 9);
});

test("on a narrow screen the widest column goes on below, broken between words", () =>
  assert.equal(
    printTable(headings, [row, ["fedora", "reuse", "key found"]], screen(40)),
    [
      "IMAGE   DECISION  BECAUSE",
      "debian  build     RUN at line 12 and 2",
      "                  more changed since",
      "                  latest",
      "fedora  reuse     key found",
      "",
    ].join("\n"),
  ));

test("no column is made narrower than eight letters, and many stand closer together", () => {
  const cells = ["0123456789ab", "a b", "0123 56789012 456789"];
  assert.equal(
    printTable(["A", "B", "C"], [cells], screen(1)),
    [
      "A         B    C",
      "01234567  a b  0123",
      "89ab           56789012",
      "               456789",
      "",
    ].join("\n"),
  );
  const mixed = [
    ["0".repeat(30), "0123 56789012 456789012345 789"],
    ["", "new"],
  ];
  const [, first, second] = printTable(["A", "C"], mixed, screen(56)).split("\n");
  assert.equal(first, `${"0".repeat(30)}  0123 56789012`);
  assert.equal(second, `${" ".repeat(32)}456789012345 789`);
  const many = [..."ABCDEFGHI"];
  assert.equal(printTable(many, [], screen(25)), `${many.join("  ")}\n`);
  assert.equal(printTable(many, [], screen(24)), `${many.join(" ")}\n`);
});

test("words of decisions stand out, headings too, and colours count for no width", () => {
  const painted = { width: 60, paint: (style: string, text: string) => `<${style}>${text}</>` };
  const [head, ...lines] = printTable(headings, [row], painted).split("\n");
  assert.equal(head, "<bold>IMAGE</>   <bold>DECISION</>  <bold>BECAUSE</>");
  assert.equal(lines[0], "debian  <yellow>build</>     RUN at line 12 and 2 more changed since");
  const named = printTable(headings, [["build", "copy", "failed"]], painted).split("\n");
  assert.equal(named[1], "build  copy      failed");
});

const words = fc.string({ unit: fc.constantFrom(..."abcdef -/:,@."), minLength: 0, maxLength: 90 });

test("no line is longer than the screen, and no letter is lost", () => {
  const tables = fc.array(fc.tuple(words, fc.constantFrom("build", "reuse"), words), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(tables, fc.integer({ min: 30, max: 200 }), (rows, width) => {
      const text = printTable(headings, rows, screen(width));
      for (const line of text.split("\n")) assert.ok(line.length <= width, line);
      const letters = (all: string): readonly string[] => [...all.replace(/\s/g, "")].sort();
      assert.deepEqual(letters(text), letters([headings, ...rows].flat().join("")));
    }),
  );
});

test("a text is broken between words, else after a mark, else anywhere", () => {
  assert.deepEqual(wrap("one two  three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("registry.example/group", 18), ["registry.example/", "group"]);
  assert.deepEqual(wrap("0123456789", 4), ["0123", "4567", "89"]);
  assert.deepEqual(wrap("", 4), [""]);
  assert.deepEqual(wrap("exactly", 7), ["exactly"]);
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 40 }), (text, width) => {
      const lines = wrap(text, width);
      assert.ok(lines.every((line) => line.length <= width));
      assert.equal(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
    }),
  );
});

test("a paragraph keeps its indentation where it goes on", () => {
  const filled = fill("clone:\n  to do: fetch all of it\n", screen(16), 2);
  assert.equal(filled, "clone:\n  to do: fetch\n    all of it\n");
  assert.equal(fill("a very long line", screen(), 2), "a very long line");
});
