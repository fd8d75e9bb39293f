import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeProgram } from "../../src/cli/program.ts";
import { berth, plainEnv } from "../support/command.ts";

const where = { cwd: "/", env: plainEnv({}) };

function page(name: string): string {
  return readFileSync(join(import.meta.dirname, "../../docs", `${name}.md`), "utf8");
}

test("help lists the commands and the pages", async () => {
  const [bare, flag] = await Promise.all([berth(["help"], where), berth(["--help"], where)]);
  assert.equal(bare.code, 0);
  assert.equal(bare.stdout, flag.stdout);
  const program = await makeProgram();
  for (const command of program.createHelp().visibleCommands(program))
    assert.match(bare.stdout, new RegExp(`^ {2}${command.name()}\\b`, "m"));
  assert.match(bare.stdout, /^Pages .*:\n(?: {2}.+\n)*.*\btrust\b/m);
});

test("help of a command is the command's, of a page its text", async () => {
  const [command, flag, text, wrong] = await Promise.all([
    berth(["help", "plan"], where),
    berth(["plan", "--help"], where),
    berth(["help", "messages"], where),
    berth(["help", "nothing"], where),
  ]);
  assert.equal(command.stdout, flag.stdout);
  assert.equal(text.stdout, page("messages"));
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /'nothing' is invalid.*trust/);
});
