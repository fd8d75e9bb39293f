import assert from "node:assert/strict";
import { test } from "node:test";
import { makeLog } from "../../src/host/log.ts";

function recorded(sections: boolean) {
  let text = "";
  let seconds = 0;
  const write = (piece: string): void => {
    text += piece;
  };
  const now = (): Date => {
    seconds += 1;
    return new Date(seconds * 1000);
  };
  return { log: makeLog({ write, sections, now }), text: () => text.replaceAll("\u001b", "ESC") };
}

test("two sections side by side read as one after the other", () => {
  const { log, text } = recorded(false);
  const first = log.section("a", "build a");
  const second = log.section("b", "build b");
  second.line("b 1");
  first.line("a 1");
  second.end();
  first.line("a 2");
  first.end();
  const lines = text()
    .split("\n")
    .filter((line) => !line.includes("ended"));
  assert.deepEqual(lines, ["== build a", "a 1", "a 2", "== build b", "b 1", ""]);
});

test("sections carry GitLab's markers where they are asked for", () => {
  const { log, text } = recorded(true);
  const section = log.section("a/b", "build a");
  section.end();
  assert.match(
    text(),
    /^ESC\[0Ksection_start:1:berth_build_a_b\[collapsed=true\]\rESC\[0K== build a\n/,
  );
  assert.match(text(), /ESC\[0Ksection_end:2:berth_build_a_b\rESC\[0K\n$/);
});

test("warnings come at the end, each once, also when it is a long way to the end", () => {
  const { log, text } = recorded(false);
  log.warn("late");
  log.info("first");
  log.warn("late");
  assert.equal(text(), "first\n");
  log.flush();
  log.warn("late");
  log.warn("later");
  log.flush();
  assert.equal(text(), "first\nwarning: late\nwarning: later\n");
});

test("where nobody looks on, nothing is drawn for builds and results", () => {
  const { log, text } = recorded(false);
  const section = log.section("a", "build a");
  section.line("one");
  section.end(true);
  log.around(() => log.info("result"));
  log.flush();
  assert.equal(text(), "== build a\none\n== build a: ended after 1.0 s\nresult\n");
});
