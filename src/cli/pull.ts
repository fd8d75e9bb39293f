/** `berth pull`: the images that CI uses, by digest, on this machine. */
import type { Command } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import { makeAttach } from "../host/terminal.ts";
import type { World } from "../host/world.ts";
import { printTable } from "../output/table.ts";
import { requireAll } from "../run/absent.ts";
import type { Located, Search } from "../run/locate.ts";
import { pull } from "../run/pull.ts";
import {
  addChoice,
  type ChoiceOptions,
  checkChoice,
  findImages,
  meet,
  pullPorts,
  usable,
} from "./run-images.ts";
import { openSession, type Session } from "./session.ts";
import { doing, examples, printResult } from "./verb.ts";

export function declare(program: Command): void {
  const command = program
    .command("pull")
    .description("bring the images that CI uses to this machine, by digest")
    .argument("[name...]", "images (default: all)");
  addChoice(command)
    .addHelpText(
      "after",
      examples("berth pull", "berth pull debian fedora", "berth pull --tag latest --with podman"),
    )
    .action(doing(pullImages));
}

interface Pulled extends Located {
  /** False where it was here already. */
  readonly pulled: boolean;
}

async function pullImages(
  world: World,
  options: ChoiceOptions,
  names: readonly string[],
): Promise<ExitCode> {
  checkChoice(options);
  const session = await openSession(world, options);
  const search = await findImages(names, options, session);
  const pulled = await pullAll(search, options, session);
  // What is there is of use, also where something is not.
  if (pulled.length > 0) printResult(world, options, { images: pulled }, table(pulled));
  const needed = names.length > 0 ? names : session.project.images.map(({ name }) => name);
  requireAll(needed, options, search);
  return exitCodes.done;
}

async function pullAll(
  { located }: Search,
  options: ChoiceOptions,
  { world, login }: Session,
): Promise<readonly Pulled[]> {
  if (located.size === 0) return [];
  const tool = usable(await meet(world, options.with));
  const ports = pullPorts(world, login, makeAttach());
  const done: Pulled[] = [];
  for (const image of located.values())
    done.push({ ...image, pulled: await pull(image.reference, tool, ports) });
  return done;
}

function table(images: readonly Pulled[]): string {
  const rows = images.map(({ name, pulled, reference }) => [
    name,
    pulled ? "pulled" : "was here",
    reference,
  ]);
  return printTable(["image", "", "reference"], rows);
}
