/** `berth storage`: how many bytes the registry holds, and for whom. */
import type { Command } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import type { World } from "../host/world.ts";
import { printBytes } from "../output/bytes.ts";
import { printTable } from "../output/table.ts";
import { type Storage, type StorageRow, weighShelf } from "../prune/storage.ts";
import { openShelf } from "./shelf.ts";
import { doing, examples, type GlobalOptions, printResult } from "./verb.ts";

export function declare(program: Command): void {
  program
    .command("storage")
    .description("say how many bytes the registry holds for each image, kind of tag and branch")
    .addHelpText("after", examples("berth storage", "berth storage --json"))
    .action(doing(printShelf));
}

async function printShelf(world: World, options: GlobalOptions): Promise<ExitCode> {
  const storage = await readStorage(world, options);
  printResult(world, options, { version: 1, ...storage }, printStorage(storage));
  return exitCodes.done;
}

/** Asks the registry and the project what is held and who needs it; reads the configuration of the checkout. */
export async function readStorage(world: World, options: GlobalOptions): Promise<Storage> {
  const { config, standing, situation, shelf, facts } = await openShelf(world, options);
  return weighShelf(shelf, await facts(), {
    config,
    userTag: situation.userTag,
    defaultBranch: standing.defaultBranch,
  });
}

function printStorage({ images, kinds, branches, total }: Storage): string {
  const parts = [
    table("IMAGE", images),
    table("KIND", kinds),
    table("NEEDED BY", branches),
    `${printBytes(total)} in all, what images share counted once\n`,
  ];
  return parts.join("\n");
}

function table(title: string, rows: readonly StorageRow[]): string {
  return printTable(
    [title, "TAGS", "BYTES", "ALONE"],
    rows.map(({ name, tags, bytes, unique }) => [
      name,
      `${tags}`,
      printBytes(bytes),
      printBytes(unique),
    ]),
  );
}
