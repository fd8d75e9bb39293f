import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { printTopic } from "../../src/cli/help.ts";
import { type TopicName, topicList } from "../../src/cli/help-list.ts";
import { type Entry, tags, variablesRead, variablesWritten } from "../../src/cli/help-tables.ts";
import { topics } from "../../src/cli/help-topics.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { errorCodes, exitCodes } from "../../src/errors.ts";
import { berth, plainEnv } from "../support/command.ts";

const top = join(import.meta.dirname, "../..");
const names = Object.keys(topicList) as readonly TopicName[];
const where = { cwd: "/", env: plainEnv({}) };

test("help lists the commands and the topics", async () => {
  const [bare, flag] = await Promise.all([berth(["help"], where), berth(["--help"], where)]);
  assert.equal(bare.code, 0);
  assert.equal(bare.stdout, flag.stdout);
  for (const name of names) assert.match(bare.stdout, new RegExp(`^ {2}${name} +\\S`, "m"));
  for (const command of (await makeProgram()).commands)
    assert.match(bare.stdout, new RegExp(`^ {2}${command.name()}\\b`, "m"));
});

test("help of a command is the command's, of a topic its text, of both both", async () => {
  const [command, flag, topic, both, wrong] = await Promise.all([
    berth(["help", "plan"], where),
    berth(["plan", "--help"], where),
    berth(["help", "exit-codes"], where),
    berth(["help", "prune"], where),
    berth(["help", "nothing"], where),
  ]);
  assert.equal(command.stdout, flag.stdout);
  assert.equal(topic.stdout, printTopic("exit-codes", 80));
  assert.match(both.stdout, /^Usage: berth prune/);
  assert.ok(both.stdout.endsWith(printTopic("prune", 80)));
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /'nothing' is invalid.*keys, references/);
});

test("a topic fits the terminal and names a page that is there", () => {
  for (const name of names) {
    const { page } = topics[name];
    assert.doesNotThrow(() => readFileSync(join(top, page)), page);
    for (const width of [60, 80, 200]) {
      const wide = printTopic(name, width)
        .split("\n")
        .filter((line) => line.length > Math.min(width, 96));
      assert.deepEqual(wide, [], `${name} in ${width} columns`);
    }
  }
});

test("every exit code and every error code is told", () => {
  const text = printTopic("exit-codes", 80);
  for (const code of Object.values(exitCodes)) assert.match(text, new RegExp(`^ {4}${code} `, "m"));
  for (const code of Object.keys(errorCodes)) assert.match(text, new RegExp(`\\b${code}\\b`));
});

test("variables and tags are those of docs/outputs.md", () => {
  const page = readFileSync(join(top, "docs/outputs.md"), "utf8");
  const told: readonly (readonly [string, readonly Entry[]])[] = [
    ["Variables that berth reads", variablesRead],
    ["Variables that later jobs see", variablesWritten],
    ["Tags", tags],
  ];
  for (const [heading, entries] of told) {
    const table = entries.map(({ names, meaning }) => [names.join(", "), meaning]);
    assert.deepEqual(table, tableUnder(heading, page), heading);
  }
});

/** First and last column of a page's table, the first without its back quotes, the last without links to pages. */
function tableUnder(heading: string, page: string): readonly (readonly string[])[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const rows = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    const cells = row.slice(1, -1).split(" | ");
    return [
      cells[0]?.trim().replaceAll("`", "") ?? "",
      cells
        .at(-1)
        ?.replace(/ \(\[[^\]]*\]\([^)]*\)\)/g, "")
        .trim() ?? "",
    ];
  });
}

test("every variable that the code asks for is in the table", () => {
  const known = variablesRead.flatMap(({ names }) => names);
  const isKnown = (name: string): boolean =>
    known.includes(name) ||
    known.some((one) => one.endsWith("*") && name.startsWith(one.slice(0, -1)));
  const files = readdirSync(join(top, "src"), { recursive: true, encoding: "utf8" });
  const asked = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(top, "src", file), "utf8"))
    .flatMap((text) => [...text.matchAll(/"((?:CI|BERTH|GITLAB|DOCKER|BUILDAH)_[A-Z_]+)"/g)])
    .map(([, name = ""]) => name);
  const missing = new Set(
    asked.filter((name) => !isKnown(name) && !Object.hasOwn(errorCodes, name)),
  );
  assert.deepEqual([...missing], []);
});
