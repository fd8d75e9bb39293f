import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError, describeError, errorValue } from "../src/errors.ts";
import { makeLog } from "../src/host/log.ts";
import { patternOf, printable } from "../src/printable.ts";

/** What a stranger may call a file: a section of GitLab's log, and a line that looks like one of ours. */
const name = "x\nsection_start:1:evil[collapsed=true]\r\u001b[0Kwarning: FAKE\u0007\u009b8m\u202e";

/** What may reach a terminal: line ends, tabs, and characters that are seen. */
const fit = /^[\n\t\P{Cc}]*$/u;

function logged(work: (log: ReturnType<typeof makeLog>) => void): string {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const log = makeLog({ write, sections: false, now: () => new Date(0) });
  work(log);
  return text;
}

const texts: Readonly<Record<string, string>> = {
  "an error": describeError(
    new BerthError("USAGE", `read ${name}: no`, {
      hint: `mend ${name}`,
      problems: [{ file: name, line: 1, column: 1, message: name }],
    }),
  ),
  "an error with its stack": describeError(new BerthError("USAGE", name), true),
  "a bug": describeError(new Error(name)),
  "a line of the log": logged((log) => log.info(name)),
  "a warning": logged((log) => {
    log.warn(name);
    log.flush();
  }),
  "a section": logged((log) => {
    const section = log.section("id", name);
    section.line(`  ${name}`);
    section.end();
  }),
  "a result": printable(name, { styles: true }),
};

for (const [what, text] of Object.entries(texts))
  test(`no control character of a name gets into ${what}`, () => {
    assert.match(text, fit);
    assert.doesNotMatch(text, /\u202e/);
  });

test("a line end in a name begins no line of its own in an error", () => {
  const text = texts["an error"] ?? "";
  assert.deepEqual(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("  ")),
    ["berth: read x"],
  );
});

test("what is escaped is still JSON", () => {
  const value = errorValue(new BerthError("USAGE", name));
  assert.deepEqual(JSON.parse(printable(JSON.stringify(value, null, 2))), value);
});

test("berth's own colours stay, nobody hides anything by others", () => {
  const ours = "\u001b[31ma\u001b[39m \u001b[1mb\u001b[22m";
  assert.equal(printable(ours, { styles: true }), ours);
  assert.equal(printable("\u001b[8mx", { styles: true }), "\\u001b[8mx");
  assert.equal(printable("\u001b[31mx\r"), "\\u001b[31mx\\r");
});

test("an engine's progress leaves its last state, and its lines their indentation", () => {
  const text = logged((log) => {
    const section = log.section("id", "build");
    section.line("  10%\r  \u001b[32m100%\u001b[0m \r");
  });
  assert.equal(text, "== build\n  100%\n");
});

test("a pattern of a text matches that text and no other", () => {
  const text = String.raw`a.b*c+d?e^f$g(h)i[j]k{l}m|n\o/p-q`;
  for (const flags of ["", "u", "v"]) {
    const pattern = new RegExp(`^${patternOf(text)}$`, flags);
    assert.equal(pattern.test(text), true, flags);
    assert.equal(pattern.test(text.replace(".", "x")), false, flags);
  }
});
