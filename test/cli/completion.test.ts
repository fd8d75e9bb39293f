import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeProgram } from "../../src/cli/program.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { berth, entry, plainEnv } from "../support/command.ts";
import { program } from "../support/programs.ts";

const files = {
  "one.docker": "FROM a\n",
  "two.docker": "FROM b\n",
  "only-one.yml": "images: one.docker\n",
};

/** Command lines with the words before the cursor, and what is to be offered for the last of them. */
const lines: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["pu"], ["publish", "pull"]],
  [
    ["--config", "x.yml", "pu"],
    ["publish", "pull"],
  ],
  [["plan", "--en"], ["--engine"]],
  [
    ["plan", "--engine", ""],
    ["auto", "buildah", "docker"],
  ],
  [
    ["key", "--"],
    ["--rev", "--help", "--config", "--registry", "--json"],
  ],
  [
    ["build", ""],
    ["one", "two"],
  ],
  [["build", "one", "t"], ["two"]],
  [["--config", "only-one.yml", "build", ""], ["one"]],
  [["--config", "missing.yml", "build", ""], []],
  [["explain", "one", ""], []],
  [["plan", "--rev", ""], []],
  [["completion", "z"], ["zsh"]],
  [
    ["help", "pr"],
    ["promote", "prune"],
  ],
];

test("commands, flags, values and images are offered", async (t) => {
  const program = await makeProgram();
  const shown = program.createHelp().visibleCommands(program);
  const output = t.mock.method(console, "log", () => undefined);
  const before = process.cwd();
  process.chdir(makeRepository(t, files).path);
  t.after(() => process.chdir(before));
  for (const [words, offered] of [...lines, [[""], shown.map((one) => one.name())] as const]) {
    output.mock.resetCalls();
    await program.parseAsync(["complete", "--", ...words], { from: "user" });
    const answers = output.mock.calls.map(({ arguments: [line] }) => String(line));
    assert.deepEqual(
      answers.flatMap((line) => (line.includes("\t") ? [line.split("\t")[0]] : [])).sort(),
      [...offered].sort(),
      words.join(" "),
    );
  }
});

test("bash asks with its script", (t) => {
  const script = `set -u
berth() { '${process.execPath}' '${entry}' "$@"; }
compopt() { :; }
_get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]}; }
source <(berth completion bash)
COMP_WORDS=(berth build "") COMP_CWORD=2 COMPREPLY=()
$(complete -p berth | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
echo "\${COMPREPLY[*]}"
`;
  const file = join(temporary(t), "ask.sh");
  writeFileSync(file, script);
  const options = { cwd: makeRepository(t, files).path, encoding: "utf8" } as const;
  assert.equal(execFileSync(program("bash"), ["--norc", file], options), "one two\n");
});

test("each shell has a script that asks", async () => {
  const where = { cwd: "/", env: plainEnv({}) };
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await berth(["completion", shell], where);
    assert.equal(code, 0);
    assert.match(stdout, /\bberth complete -- /, shell);
  }
});
