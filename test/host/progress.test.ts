import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { isLive, makeLiveLog, plainText, printElapsed } from "../../src/host/console.ts";

test("of a line is shown what it would leave on a screen", () => {
  assert.equal(plainText("10 %\r50 %\r\u001b[32m100 %\u001b[0m\u0007"), "100 %");
  assert.equal(plainText("a\u001b[2Jb\u0000c"), "ab c");
});

test("times are said as people say them", () => {
  const times = [-5, 0, 59_999, 60_000, 3_599_000, 3_600_000].map(printElapsed);
  assert.deepEqual(times, ["0 s", "0 s", "59 s", "1m 00s", "59m 59s", "60m 00s"]);
});

test("a view is drawn on terminals that people look at, whatever their colours", () => {
  const terminal = { isTTY: true };
  assert.ok(isLive(terminal, { TERM: "xterm", NO_COLOR: "1" }));
  assert.ok(isLive(terminal, { CI: "false" }));
  for (const env of [{ CI: "true" }, { CI: "1" }, { GITLAB_CI: "true" }, { TERM: "dumb" }])
    assert.ok(!isLive(terminal, env), JSON.stringify(env));
  assert.ok(!isLive({}, {}));
});

/** A terminal as far as the view needs one: it has lines, a cursor and no other state. */
function terminal(columns = 60) {
  const lines = [""];
  let [row, column] = [0, 0];
  const commands: Readonly<Record<string, (count: number) => void>> = {
    A: (count) => (row -= count),
    B: (count) => (row += count),
    G: () => (column = 0),
    K: (whole) => (lines[row] = whole === 2 ? "" : (lines[row] ?? "").slice(0, column)),
  };
  const put = (text: string): void => {
    if (text === "\n") [row, column] = [row + 1, 0];
    else lines[row] = (lines[row] ?? "").padEnd(column).slice(0, column) + text;
    if (text !== "\n") column += text.length;
    lines[row] ??= "";
  };
  const take = (data: string): void => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals are told things by
    for (const [text, count, letter] of data.matchAll(/\u001b\[(\d*)([A-Z])|\n|[^\u001b\n]+/g)) {
      if (letter === undefined) put(text);
      else (commands[letter] ?? assert.fail(`unknown: ${JSON.stringify(text)}`))(Number(count));
    }
  };
  const screen = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => done(void take(chunk)),
  });
  return {
    screen: Object.assign(screen, { columns, rows: 12 }),
    shown: () => lines.slice(0, lines.findLastIndex((line) => line !== "") + 2),
    put: take,
  };
}

async function live() {
  const seen = terminal();
  let milliseconds = 0;
  let tick = (): void => assert.fail("nobody asked for ticks");
  let ticking = false;
  const log = makeLiveLog({
    screen: seen.screen as Writable as NodeJS.WriteStream,
    now: () => new Date(milliseconds),
    every: (_, work) => {
      tick = work;
      ticking = true;
      return () => {
        ticking = false;
      };
    },
  });
  // What draws is there before the first builds are.
  await import("log-update");
  const begin = async (...names: readonly string[]) => {
    const sections = names.map((name) => log.section(name, `build ${name}`));
    await new Promise((resolve) => setImmediate(resolve));
    return sections as [ReturnType<typeof log.section>, ReturnType<typeof log.section>];
  };
  const pass = (seconds: number): void => {
    milliseconds += seconds * 1000;
    tick();
  };
  return { log, begin, pass, isTicking: () => ticking, ...seen };
}

test("the view stays at the foot, and what is written meanwhile above it", async () => {
  const { log, begin, pass, shown, put, isTicking } = await live();
  const [first, second] = await begin("a", "b");
  first.line("STEP 1/2: FROM x");
  pass(3);
  const view = ["building a  3 s  STEP 1/2: FROM x", "building b  3 s  preparing", ""];
  assert.deepEqual(shown(), view);
  log.info("a word");
  log.around(() => put("a result\n"));
  assert.deepEqual(shown(), ["a word", "a result", ...view]);
  put("^C");
  pass(1);
  assert.match(shown()[2] ?? "", /^building a {2}4 s /);
  first.end();
  assert.ok(isTicking());
  second.end();
  assert.ok(!isTicking());
  const ends = ["a: ended after 4 s", "b: ended after 4 s", ""];
  assert.deepEqual(shown(), ["a word", "a result", ...ends]);
});

test("what a failed build said is shown whole when nothing is built any more, and nothing of the others", async () => {
  const { log, begin, shown } = await live();
  const sections = await begin("a", "b");
  for (const [at, section] of sections.entries()) {
    section.line(`${at} 1`);
    section.line(`\u001b[31m${at} 2\u001b[0m`);
  }
  sections[1].end(true);
  assert.equal(shown()[0], "b: failed after 0 s");
  sections[0].end();
  log.warn("mind the gap");
  log.warn("mind the gap");
  log.flush();
  log.flush();
  const output = "== build b failed; its output:\n1 1\n1 2\n== end of b\n";
  const said = `b: failed after 0 s\na: ended after 0 s\n\n${output}\nwarning: mind the gap\n`;
  assert.equal(shown().join("\n"), said);
});

test("a build that is left leaves no trace of the view and none of its output", async () => {
  const { log, begin, shown, isTicking } = await live();
  const [first] = await begin("a");
  first.line("a 1");
  log.flush();
  assert.deepEqual(shown(), ["a: not finished", ""]);
  assert.ok(!isTicking());
});

test("of a build its step and its last line are shown, of buildah and of BuildKit, in one row each", async () => {
  const { begin, pass, shown } = await live();
  const [first, second] = await begin("a", "b");
  for (const text of ["STEP 2/3: RUN make", "cc -c main.c", ""]) first.line(text);
  for (const text of ["#5 [2/3] RUN make", `#5 0.325 cc ${"x".repeat(100)}`]) second.line(text);
  pass(65);
  const [a, b = "", end] = shown();
  assert.equal(a, "building a  1m 05s  STEP 2/3: RUN make  |  cc -c main.c");
  assert.match(b, /^building b {2}1m 05s {2}\[2\/3\] RUN make {2}\| {2}cc x+$/);
  assert.deepEqual([b.length, end], [59, ""]);
});
