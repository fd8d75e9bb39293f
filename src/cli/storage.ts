/** `berth storage`: how many bytes the registry holds, and for whom. */
import { type ExitCode, exitCodes } from "../errors.ts";
import type { World } from "../host/world.ts";
import { printBytes } from "../output/bytes.ts";
import { printTable } from "../output/table.ts";
import { type Storage, type StorageRow, weighShelf } from "../prune/storage.ts";
import type { GlobalOptions } from "./program.ts";
import { openShelf } from "./shelf.ts";

export async function storageCommand(options: GlobalOptions): Promise<ExitCode> {
  const { world, storage } = await readStorage(options);
  const json = { version: 1, ...storage };
  world.print(options.json === true ? `${JSON.stringify(json)}\n` : printStorage(storage));
  return exitCodes.done;
}

/** Asks the registry and the project what is held and who needs it; reads the configuration of the checkout. */
export async function readStorage(
  options: GlobalOptions,
): Promise<{ readonly world: World; readonly storage: Storage }> {
  const { world, git, config, standing, situation, shelf, facts } = await openShelf(options);
  try {
    const storage = await weighShelf(shelf, await facts(), {
      config,
      userTag: situation.userTag,
      defaultBranch: standing.defaultBranch,
    });
    return { world, storage };
  } finally {
    await git.close();
  }
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
