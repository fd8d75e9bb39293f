import assert from "node:assert/strict";
import { test } from "node:test";
import { stepLine } from "../../src/build/buildah-failure.ts";
import { buildkitLine } from "../../src/build/docker-failure.ts";
import type { SourceText } from "../../src/build/engine.ts";

const step = (keyword: string, line: number, last = line) => ({ keyword, line, last });
const tools = { name: "tools", steps: [step("from", 6), step("env", 9), step("run", 12, 13)] };
const last = { name: undefined, steps: [step("from", 30), step("copy", 31), step("run", 40)] };

/** Two stages of a file, of which another one was left out and lines moved together. */
const source: SourceText = {
  file: "ci/debian.docker",
  lines: [1, 4, 6, 9, 12, 13, 30, 31, 40, 41],
  stages: [tools, last],
};

test("buildah's last step is an instruction of the file", () => {
  const one: SourceText = { ...source, stages: [tools] };
  const cases: readonly (readonly [string, SourceText, number | undefined])[] = [
    ["STEP 1/3: FROM base\nSTEP 2/3: ENV A=b\n", one, 9],
    ["[1/2] STEP 3/3: RUN make\n[2/2] STEP 1/3: FROM base\n", source, 30],
    ["[1/2] STEP 3/3: RUN make\n[2/2] STEP 3/3: RUN test\n", source, 40],
    // What a command prints is not taken for a step that cannot be.
    ["STEP 3/3: RUN make\nSTEP 1/2: mine\n[1/9] STEP 1/3: mine\n", one, 12],
    // Two triggers of the base come between FROM and the rest.
    ["STEP 1/5: FROM base\nSTEP 3/5: RUN trigger\n", one, 6],
    ["STEP 1/5: FROM base\nSTEP 5/5: RUN make\n", one, 12],
    ["", one, undefined],
  ];
  for (const [output, from, line] of cases) assert.equal(stepLine(output, from), line, output);
});

const failed = (label: string, text: string) => `------\n > [${label}] ${text}:\n------\n`;
const excerpt = (line: number) =>
  `Dockerfile:${line}\n--------------------\n   1 |     FROM base\n`;

test("BuildKit's line is a line of the file, whether it names it or the step", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    [`${failed("stage-1 3/3", "RUN test")}${excerpt(9)}ERROR: failed\n`, 40],
    [`#7 0.1 Dockerfile:3\n${excerpt(5)}ERROR: failed\n`, 12],
    ["failed to solve: dockerfile parse error line 9: unknown instruction: X\n", 40],
    [`${failed("stage-1 2/3", "COPY x")}failed\n`, 31],
    [`${failed("stage-1 1/2", "COPY x")}failed\n`, 31],
    [`${failed("tools 1/2", "FROM base")}failed\n`, 6],
    [`${failed("tools  2/2", "RUN make")}executor failed\n`, 12],
    [`${failed("linux/arm64 tools 2/2", "RUN make")}executor failed\n`, 12],
    [`${failed("tools 2/9", "RUN make")}executor failed\n`, undefined],
    [`${failed("other 2/2", "RUN make")}executor failed\n`, undefined],
    ["failed\n", undefined],
  ];
  for (const [output, line] of cases) assert.equal(buildkitLine(output, source), line, output);
});
