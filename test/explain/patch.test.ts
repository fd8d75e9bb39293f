import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { KeyDifference } from "../../src/explain/difference.ts";
import { assertTrue, between, type Project } from "./between.ts";

const project = (...lines: readonly string[]): Project => ({
  files: { "x.docker": `${lines.join("\n")}\n`, "base.docker": "FROM debian\n", s: "1" },
});

const marks = { same: " ", removed: "-", added: "+" };

/** Each part of a patch as its instruction and its lines. */
function told(found: readonly KeyDifference[]): readonly (readonly string[])[] {
  return found.map((one) => {
    assert.equal(one.kind, "lines");
    const { keyword, place, change, lines } = one as Extract<KeyDifference, { kind: "lines" }>;
    return [
      `${keyword} at ${place.line} ${change}`,
      ...lines.map(({ mark, line, text }) => `${marks[mark]}${line} ${text}`),
    ];
  });
}

describe("a patch", () => {
  type Lines = readonly string[];
  type Case = readonly [old: Lines, now: Lines, parts: readonly Lines[]];
  const cases: Readonly<Record<string, Case>> = {
    "pairs an instruction with what it is most like": [
      ["FROM a", "RUN one \\", "  two", "RUN three \\", "  four \\", "  five"],
      ["FROM a", "RUN three \\", "  four \\", "  six"],
      [
        ["RUN at 2 removed", "-2 RUN one \\", "-3   two"],
        ["RUN at 2 changed", " 2 RUN three \\", " 3   four \\", "-6   five", "+4   six"],
      ],
    ],
    "names what came beside what changed": [
      ["FROM a", "RUN one"],
      ["FROM a", "ENV A=1", "RUN two", "ENV B=1"],
      [
        ["ENV at 2 added", "+2 ENV A=1"],
        ["RUN at 3 changed", "-2 RUN one", "+3 RUN two"],
        ["ENV at 4 added", "+4 ENV B=1"],
      ],
    ],
    "leaves out what is between two changes of one instruction": [
      ["FROM a", "RUN a \\", "  b \\", "  c \\", "  d \\", "  e \\", "  f"],
      ["FROM a", "RUN a \\", "  B \\", "  c \\", "  d \\", "  e \\", "  F"],
      [
        [
          ...["RUN at 2 changed", " 2 RUN a \\", "-3   b \\", "+3   B \\"],
          ...[" 4   c \\", " 6   e \\", "-7   f", "+7   F"],
        ],
      ],
    ],
    "has the numbers of both files, whatever is between": [
      ["# a comment", "", "FROM a", "ENV A=1"],
      ["FROM unused", "RUN unused", "FROM a", "# a comment", "ENV A=2"],
      [["ENV at 5 changed", "-4 ENV A=1", "+5 ENV A=2"]],
    ],
    "keeps an ARG of two lines above the first FROM together": [
      ["ARG A=1 \\", "  B=1", "FROM a:$A$B"],
      ["ARG A=1 \\", "  B=2", "FROM a:$A$B"],
      [["ARG at 1 changed", " 1 ARG A=1 \\", "-2   B=1", "+2   B=2"]],
    ],
    "names directives": [
      ["# syntax=docker/dockerfile:1", "FROM a"],
      ["# Syntax=docker/dockerfile:1.4", "FROM a"],
      [
        ["# syntax at 1 removed", "-1 # syntax=docker/dockerfile:1"],
        ["# Syntax at 1 added", "+1 # Syntax=docker/dockerfile:1.4"],
      ],
    ],
    "takes a stage's number among the stages that are needed": [
      ["FROM a", "FROM b", "FROM c", "COPY --from=1 / /"],
      ["FROM a", "FROM b", "FROM c", "COPY --from=1 / /", "COPY --from=0 / /"],
      [
        ["FROM at 1 added", "+1 FROM a"],
        ["COPY at 4 added", "+4 COPY --from=1 / /"],
      ],
    ],
  };
  for (const [what, [old, now, parts]] of Object.entries(cases))
    test(what, async () =>
      assert.deepEqual(told(await between(project(...old), project(...now))), parts),
    );

  test("names the file that has the line, where the Dockerfile has moved", async () => {
    const text = "FROM a\nRUN b\n";
    const files = { "x.docker": "", "ci/x": text };
    const moved = { files, image: { dockerfile: "ci/x" } };
    const found = await between(project("FROM a", "ENV A=1"), moved);
    const places = found.map((one) =>
      one.kind === "lines" ? `${one.change} ${one.place.file}` : "",
    );
    assert.deepEqual(places.sort(), ["added ci/x", "removed x.docker"]);
  });

  test("of a very long instruction is not looked for without end", async () => {
    const words = (word: string) => Array.from({ length: 3000 }, (_, at) => `  ${word}${at} \\`);
    const long = (word: string) => project("FROM a", "RUN true \\", ...words(word), "  end");
    const [found, ...more] = told(await between(long("old"), long("new")));
    assert.deepEqual(more, []);
    assert.equal(found?.length, 1 + 2 * 3002);
    await assertTrue(long("old"), long("new"));
  });
});

const word = fc.constantFrom("make", "gcc", "ninja", "true");
const instruction = fc.oneof(
  word.map((one) => [`RUN ${one}`]),
  fc.array(word, { minLength: 2, maxLength: 6 }).map((words) => {
    const [first, ...rest] = words.map((one, at) => (at < words.length - 1 ? `${one} \\` : one));
    return [`RUN ${first}`, ...rest.map((one) => `  ${one}`)];
  }),
  fc.array(word, { maxLength: 3 }).map((body) => ["RUN <<EOF", ...body, "EOF"]),
  fc
    .constantFrom("ENV A=1", "ENV A=2", "ARG USER=me", "ARG USER", "WORKDIR /w")
    .map((one) => [one]),
  fc.constantFrom("COPY s /", "COPY --from=build /o /o", "# a comment", "").map((one) => [one]),
);
const edit = fc.record({
  at: fc.nat(12),
  gone: fc.nat(2),
  come: fc.array(instruction, { maxLength: 2 }),
});
const globals = fc.constantFrom("ARG BASE=13", "ARG BASE=12", "ARG BASE=13 \\\n  MORE=1");
const last = fc.constantFrom("FROM debian:$BASE", "FROM ci/base", "FROM build");

test("of random small edits a patch says all, and nothing else", async () => {
  const instructions = fc.array(instruction, { maxLength: 10 });
  const heads = fc.tuple(globals, last, fc.constantFrom("me", "you"));
  await fc.assert(
    fc.asyncProperty(
      heads,
      heads,
      instructions,
      fc.array(edit, { maxLength: 3 }),
      async (one, two, before, edits) => {
        const after = edits.reduce(
          (list, { at, gone, come }) => list.toSpliced(at, gone, ...come),
          before,
        );
        const made = ([arg, from, user]: typeof one, list: typeof before): Project => ({
          ...project(arg, "FROM alpine AS build", "RUN make", from, ...list.flat()),
          image: { args: { USER: user } },
        });
        await assertTrue(made(one, before), made(two, after));
      },
    ),
    { numRuns: 300 },
  );
});
