/** Writes the help in docs/commands.md and docs/plan.schema.json from the code; a test compares them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { makeProgram } from "../src/cli/program.ts";
import { planSchema } from "../src/plan/plan.ts";

/** A page in which the block under each heading of a command is what `--help` prints. */
export async function withHelp(page: string): Promise<string> {
  const program = await makeProgram();
  const commands = program.createHelp().visibleCommands(program);
  return [program, ...commands].reduce((text, command) => {
    const heading = command === program ? "## berth" : `## berth ${command.name()}`;
    const block = new RegExp(`(?<=^${heading}\n\n)\`\`\`text\n.*?^\`\`\`$`, "ms");
    if (!block.test(text)) throw new Error(`the page has no block under ${heading}`);
    return text.replace(block, () => `\`\`\`text\n${helpOf(command)}\`\`\``);
  }, page);
}

/** Help with a fixed width and with what follows it (examples), whatever the terminal. */
function helpOf(command: Command): string {
  let text = "";
  const write = (piece: string): void => {
    text += piece;
  };
  command.configureOutput({
    writeOut: write,
    getOutHelpWidth: () => 96,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}

/** The JSON Schema (2020-12) of plan.json. */
export function planSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(planSchema, { unrepresentable: "any" }), null, 2)}\n`;
}

if (import.meta.main) {
  const docs = join(import.meta.dirname, "../docs");
  const page = join(docs, "commands.md");
  writeFileSync(page, await withHelp(readFileSync(page, "utf8")));
  writeFileSync(join(docs, "plan.schema.json"), planSchemaText());
}
