import assert from "node:assert/strict";
import { test } from "node:test";
import { hiding, hushed } from "../../src/build/hide.ts";
import { ended } from "../support/processes.ts";

const word = 'Tr0ub4dor"&3';
const args = { WORD: word, PLAIN: "ordinary", MIRROR: "mirror.lan", VERSION: "13", BRANCH: "main" };
const secret = "-----BEGIN KEY-----\r\n  c2VjcmV0\n-----END KEY-----\n";
const told = ["FROM scratch\nARG WORD\nARG PLAIN=ordinary\n", "debian.docker"];
const hide = hiding([secret, "hunter2"], args, told);

/** As engines printed them; Docker's `executor failed` is of version 20. */
const recorded: Readonly<Record<string, string>> = {
  'STEP 5/8: LABEL word=Tr0ub4dor"&3': "STEP 5/8: LABEL word=[MASKED]",
  '#5 [stage-0 2/4] WORKDIR /dir/Tr0ub4dor"&3': "#5 [stage-0 2/4] WORKDIR /dir/[MASKED]",
  ' > [4/4] RUN echo "Tr0ub4dor"&3" in ordinary && exit 7:':
    ' > [4/4] RUN echo "[MASKED]" in ordinary && exit 7:',
  'Error: building at STEP "RUN echo \\"Tr0ub4dor\\"&3\\"": while running runtime: exit status 7':
    'Error: building at STEP "RUN echo \\"[MASKED]\\"": while running runtime: exit status 7',
  "executor failed running [/bin/sh -c wget http://mirror.lan/x]: exit code: 7":
    "executor failed running [/bin/sh -c wget http://[MASKED]/x]: exit code: 7",
  'time="2026-11-20" level=error msg="reading manifest 13 in mirror.lan/debian: denied"':
    'time="2026-11-20" level=error msg="reading manifest 13 in [MASKED]/debian: denied"',
  "#8 0.534 c2VjcmV0": "#8 0.534 [MASKED]",
  "#8 0.6 xhunter2x": "#8 0.6 x[MASKED]x",
  "#9 maintainer of main": "#9 maintainer of [MASKED]",
  "#9 mirror.lander, submirror.lan": "#9 mirror.lander, submirror.lan",
};

test("what engines print holds no secret and no arg's value, as far as nothing else tells it", () => {
  for (const [line, shown] of Object.entries(recorded)) assert.equal(hide(line), shown);
});

test("what the Dockerfile, or a name that the log begins with, says is no word to hide", () => {
  const line = "FROM docker.io/debian:13 AS build";
  for (const one of [["FROM debian:trixie"], ["ci/debian.docker"], ["linux/debian"]])
    assert.equal(hiding([], { BASE: "debian" }, one)(line), line);
  assert.equal(
    hiding([], { BASE: "debian" }, ["debians"])(line),
    "FROM docker.io/[MASKED]:13 AS build",
  );
  assert.equal(hiding(["debian"], {}, ["debian"])(line), "FROM docker.io/[MASKED]:13 AS build");
  assert.equal(hiding([], {}, [])(line), line);
});

test("lines as they come and the words of errors are without it; a digest that is read is whole", async () => {
  const lines: string[] = [];
  const call = hushed({ hide, onLine: (line) => lines.push(line) }, async (words, onLine) => {
    onLine(`#1 ${words.join(" ")} \u001b[31m${word.slice(0, 4)}\u001b[0m${word.slice(4)}`);
    const output = { stdout: "main: digest: sha256:0 size: 1\n", stderr: `error: ${word}\n` };
    return ended({ exitCode: 1, ...output });
  });
  const { stdout, stderr } = await call(["build"]);
  assert.deepEqual(lines, ["#1 build [MASKED]"]);
  assert.deepEqual([stdout, stderr], ["main: digest: sha256:0 size: 1\n", "error: [MASKED]\n"]);
});
