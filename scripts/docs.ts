/** Writes docs/cli.md and docs/plan.schema.json from the code; a test compares them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { makeProgram } from "../src/cli/program.ts";
import { planSchema } from "../src/plan/schema.ts";

/** The reference of all commands, as `--help` prints them. */
export async function cliPage(): Promise<string> {
  const program = await makeProgram();
  const commands = [program, ...program.createHelp().visibleCommands(program)];
  const sections = commands.map((command) => {
    const title = command === program ? "berth" : `berth ${command.name()}`;
    return `## ${title}\n\n\`\`\`text\n${helpOf(command)}\`\`\`\n`;
  });
  const intro = "What `--help` prints, command by command. Written by `npm run docs`.\n";
  return `# Commands\n\n${intro}\n${sections.join("\n")}`;
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
  writeFileSync(join(docs, "cli.md"), await cliPage());
  writeFileSync(join(docs, "plan.schema.json"), planSchemaText());
}
