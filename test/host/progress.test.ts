import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { begin, expecting, finish, frame, hear, printElapsed } from "../../src/host/progress.ts";
import { isLive, makeLiveLog } from "../../src/host/progress-log.ts";
import { nothingRead, plainText, readLine } from "../../src/host/progress-step.ts";

const size = { columns: 60, rows: 12 };

test("the view shows each build with its time, its step and the last line, and who waits for whom", () => {
  let state = expecting(
    [
      { name: "base", after: [] },
      { name: "fedora-rust", after: [] },
      { name: "cross", after: ["base", "reused"] },
    ],
    0,
  );
  state = begin(begin(state, "base", 0), "fedora-rust", 60_000);
  state = hear(hear(state, "base", "STEP 3/7: RUN make"), "base", "cc -c main.c");
  assert.deepEqual(frame(state, size, 65_000), [
    "building 2, 0 done, 1 waiting; 1m 05s",
    "  base          1m 05s  STEP 3/7: RUN make  |  cc -c main.c",
    "  fedora-rust      5 s  preparing",
    "  waiting: cross (for base)",
  ]);
});

test("what waits for a lost image is lost too, down to its last descendant", () => {
  const state = expecting(
    ["base", "cross", "app", "docs"].map((name, index, all) => ({
      name,
      after: index === 1 || index === 2 ? [all[index - 1] ?? ""] : [],
    })),
    0,
  );
  const ended = finish(begin(state, "base", 0), { name: "base", result: "failed", lost: true });
  assert.deepEqual(frame(begin(ended, "docs", 0), size, 0), [
    "building 1, 0 done, 3 lost; 0 s",
    "  docs      0 s  preparing",
  ]);
});

test("no line of the view wraps, and the view fits on the screen", () => {
  const names = Array.from({ length: 30 }, (_, index) => `image-${index}`);
  let state = expecting(
    [{ name: "more", after: [] }, ...names.map((name) => ({ name, after: [] }))],
    0,
  );
  for (const name of names) state = hear(begin(state, name, 0), name, "字".repeat(200));
  for (const rows of [2, 5, 24, 50]) {
    for (const columns of [1, 20, 80]) {
      const lines = frame(state, { columns, rows }, 0);
      assert.ok(lines.length <= Math.max(rows, 3), `${lines.length} of ${rows} rows`);
      for (const line of lines) assert.ok([...line].length < Math.max(columns, 1), line);
    }
  }
  const wide = frame(state, { columns: 80, rows: 50 }, 0)[1] ?? "";
  assert.equal(wide.match(/字/g)?.length, 21, "a wide character counts two");
  assert.match(frame(state, { columns: 80, rows: 12 }, 0).join("\n"), /\n {2}and 23 more\n/);
});

const lines: readonly (readonly [readonly string[], string, string])[] = [
  [["STEP 1/2: FROM debian:13", "STEP 2/2: RUN make"], "STEP 2/2: RUN make", ""],
  [["[2/3] STEP 4/5: COPY . /src", "copied"], "[2/3] STEP 4/5: COPY . /src", "copied"],
  [["#5 [2/3] RUN make", "#5 0.325 cc -c main.c"], "[2/3] RUN make", "cc -c main.c"],
  [["#5 [a 2/3] RUN make", "#6 [b 1/2] RUN x", "#5 0.3 cc"], "[a 2/3] RUN make", "cc"],
  [["#5 [2/3] RUN make", "#5 DONE 3.1s", "#4 CACHED"], "[2/3] RUN make", ""],
  [["#9 exporting to image", "#9 exporting layers"], "exporting to image", ""],
  [
    ["#9 exporting to image", "#9 writing image sha256:1 done"],
    "exporting to image",
    "writing image sha256:1 done",
  ],
  [["10 %\r50 %\r\u001b[32m100 %\u001b[0m\u0007"], "", "100 %"],
  [["", "  "], "", ""],
];

test("the step and the last line are read from what buildah and BuildKit print", () => {
  for (const [said, step, last] of lines) {
    const reading = said.reduce(readLine, nothingRead);
    assert.deepEqual([reading.step, reading.last], [step, last], said.join(" / "));
  }
  assert.equal(plainText("a\u001b[2Jb\u0000c"), "ab c");
});

test("times are said as people say them", () => {
  const times = [-5, 0, 59_999, 60_000, 3_599_000, 3_600_000, 90_061_000].map(printElapsed);
  assert.deepEqual(times, ["0 s", "0 s", "59 s", "1m 00s", "59m 59s", "1h 00m", "25h 01m"]);
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
  let [lines, row, column]: [string[], number, number] = [[""], 0, 0];
  const commands: Readonly<Record<string, (count: number) => void>> = {
    A: (count) => (row -= count),
    G: (count) => (column = count - 1),
    J: () => (lines = [...lines.slice(0, row), (lines[row] ?? "").slice(0, column)]),
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
  return { screen: Object.assign(screen, { columns, rows: 12 }), lines: () => lines, put: take };
}

function live() {
  const shown = terminal();
  let milliseconds = 0;
  let tick = (): void => assert.fail("nobody asked for ticks");
  let ticking = false;
  const log = makeLiveLog({
    screen: shown.screen,
    now: () => new Date(milliseconds),
    every: (_, work) => {
      tick = work;
      ticking = true;
      return () => {
        ticking = false;
      };
    },
  });
  const pass = (seconds: number): void => {
    milliseconds += seconds * 1000;
    tick();
  };
  return { log, pass, isTicking: () => ticking, ...shown };
}

const builds = ["a", "b"].map((name) => ({ name, after: [], section: `build_${name}` }));

test("the view stays at the foot, and what is written meanwhile above it", () => {
  const { log, pass, lines, put, isTicking } = live();
  log.expect(builds);
  log.began("a");
  log.began("b");
  const section = log.section("build_a", "build a");
  section.line("STEP 1/2: FROM x");
  pass(3);
  const view = ["  a      3 s  STEP 1/2: FROM x", "  b      3 s  preparing", ""];
  assert.deepEqual(lines(), ["building 2, 0 done; 3 s", ...view]);
  log.info("a word");
  log.around(() => put("a result\n"));
  assert.deepEqual(lines(), ["a word", "a result", "building 2, 0 done; 3 s", ...view]);
  put("^C");
  pass(1);
  assert.equal(lines()[2], "building 2, 0 done; 4 s");
  section.end();
  log.ended("a", "built", false);
  log.ended("b", "adopted", false);
  log.settle();
  assert.ok(!isTicking());
  const ends = ["a: built after 4 s", "b: adopted after 4 s", ""];
  assert.deepEqual(lines(), ["a word", "a result", ...ends]);
});

test("what a failed build said is shown whole at the end, and nothing of the others", () => {
  const { log, lines } = live();
  log.expect(builds);
  for (const name of ["a", "b"]) {
    log.began(name);
    log.section(`build_${name}`, name).line(`${name} 1`);
    log.section(`build_${name}`, name).line(`\u001b[31m${name} 2\u001b[0m`);
  }
  log.ended("b", "failed", true);
  log.ended("a", "built", false);
  log.warn("mind the gap");
  log.warn("mind the gap");
  log.settle();
  log.flush();
  log.flush();
  assert.deepEqual(lines(), [
    "b: failed after 0 s",
    "a: built after 0 s",
    "",
    "== build b failed; its output:",
    "b 1",
    "b 2",
    "== end of b",
    "",
    "warning: mind the gap",
    "",
  ]);
});

test("a build that was interrupted leaves no trace of the view and none of its output", () => {
  const { log, lines } = live();
  log.expect(builds);
  log.began("a");
  log.began("b");
  log.section("build_a", "a").line("a 1");
  log.ended("b", "interrupted", true);
  log.settle();
  assert.deepEqual(lines(), ["b: interrupted after 0 s", "a: not finished", ""]);
});

test("a screen that became narrower is drawn anew over all the rows that it needs now", () => {
  const { log, lines, screen, pass, put } = live();
  log.info("above");
  log.expect(builds);
  log.began("a");
  screen.columns = 12;
  // What such a terminal makes of the three lines, of 34, 23 and 12 columns.
  put("\n\n\n");
  const wrapped = [
    "above",
    "building 1, ",
    "0 done, 1 wa",
    "iting; 0 s",
    "  a      0 s",
    "  preparing",
    "  waiting: b",
    "",
  ];
  lines().splice(0, lines().length, ...wrapped);
  pass(0);
  assert.equal(lines()[0], "above");
});
