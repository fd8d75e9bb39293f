import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bashCompletion } from "../../src/cli/completion-bash.ts";
import { fishCompletion } from "../../src/cli/completion-fish.ts";
import { shapeOf } from "../../src/cli/completion-shape.ts";
import { zshCompletion } from "../../src/cli/completion-zsh.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { entry } from "../support/command.ts";
import { program } from "../support/programs.ts";

const shape = shapeOf(await makeProgram());

/** Command lines with the words before the cursor, and what bash is to offer for the last of them. */
const lines: readonly (readonly [readonly string[], readonly string[]])[] = [
  [[""], shape.commands.map(({ name }) => name)],
  [["pu"], ["publish", "pull"]],
  [
    ["--json", "pu"],
    ["publish", "pull"],
  ],
  [
    ["--config", "x.yml", "pu"],
    ["publish", "pull"],
  ],
  [["plan", "--en"], ["--engine"]],
  [
    ["plan", "--engine", ""],
    ["auto", "buildah", "docker"],
  ],
  [["plan", "--engine", "=", "b"], ["buildah"]],
  [
    ["plan", "--engine", "="],
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
  [["--config", "=", "only-one.yml", "build", ""], ["one"]],
  [["--config", "only-one.yml", "build", ""], ["one"]],
  [["explain", "--against", "v"], ["v1.0"]],
  [["explain", "one", ""], []],
  [
    ["run", "one", "--", "on"],
    ["one.docker", "only-one.yml"],
  ],
  [
    ["help", "re"],
    ["report", "references", "refresh"],
  ],
  [["--config", "only"], ["only-one.yml"]],
  [["plan", "--job-tags", ""], []],
  [["completion", "z"], ["zsh"]],
];

test("bash completes commands, flags, values, images and revisions", (t) => {
  const repository = makeRepository(t, {
    "one.docker": "FROM a\n",
    "two.docker": "FROM b\n",
    "only-one.yml": "images: one.docker\n",
  });
  repository.commit();
  repository.run("tag", "v1.0");
  // A name that a shell would run must not be offered.
  repository.run("tag", "v$(id)");
  const asked = lines.map(([words]) => `ask ${words.map((word) => `'${word}'`).join(" ")}`);
  const script = `set -u
berth() { '${process.execPath}' '${entry}' "$@"; }
source <(berth completion bash)
complete -p berth >/dev/null || exit 1
ask() {
  COMP_WORDS=(berth "$@") COMP_CWORD=$# COMPREPLY=()
  _berth
  echo "\${COMPREPLY[*]-}"
}
${asked.join("\n")}
`;
  const file = join(temporary(t), "ask.sh");
  writeFileSync(file, script);
  const options = { cwd: repository.path, encoding: "utf8" } as const;
  const answers = execFileSync(program("bash"), ["--norc", file], options).split("\n");
  for (const [index, [words, offered]] of lines.entries())
    assert.deepEqual(
      answers[index]?.split(" ").filter(Boolean).sort(),
      [...offered].sort(),
      words.join(" "),
    );
});

test("the scripts of all shells know each command, each flag and each choice", () => {
  const scripts = [bashCompletion(shape), zshCompletion(shape), fishCompletion(shape)];
  for (const { name, flags } of shape.commands) {
    for (const script of scripts) assert.match(script, new RegExp(`\\b${name}\\b`));
    for (const { names, value } of flags) {
      const long = names.at(-1)?.slice(2) ?? "";
      const choices = typeof value === "object" ? value.words.join(" ") : "";
      for (const script of scripts) assert.ok(script.includes(long), long);
      for (const script of scripts) assert.ok(script.includes(choices), choices);
    }
  }
});

test("descriptions stay inside their quotes", () => {
  const description = "it's [a]: `b` $(c) \\";
  const flags = [{ names: ["--flag"], description, value: undefined }];
  const odd = { flags, general: flags, commands: [{ name: "go", description, flags, places: [] }] };
  const zsh = zshCompletion(odd);
  assert.ok(zsh.includes("'--flag[it'\\''s \\[a\\]: `b` $(c) \\\\]'"), zsh);
  assert.ok(zsh.includes("'go:it'\\''s [a]\\: `b` $(c) \\'"), zsh);
  assert.ok(fishCompletion(odd).includes("-l flag -d 'it\\'s [a]: `b` $(c) \\\\'"));
});
