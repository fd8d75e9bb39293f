/** `berth pull`: the images that CI uses, by digest, on this machine. */
import { type ExitCode, exitCodes } from "../errors.ts";
import { makeAttach } from "../host/terminal.ts";
import { printTable } from "../output/table.ts";
import { requireAll } from "../run/absent.ts";
import type { Located, Search } from "../run/locate.ts";
import { pull } from "../run/pull.ts";
import { type ChoiceOptions, checkChoice, findImages } from "./run-images.ts";
import { meet, pullPorts, usable } from "./run-tool.ts";
import { openSession, type Session } from "./session.ts";

interface Pulled extends Located {
  /** False where it was here already. */
  readonly pulled: boolean;
}

export async function pullCommand(
  names: readonly string[],
  options: ChoiceOptions,
): Promise<ExitCode> {
  checkChoice(options);
  const session = await openSession({ ...options, output: ".berth" });
  const { world, project } = session;
  const search = await findImages(names, options, session).finally(() => project.git.close());
  const pulled = await pullAll(search, options, session);
  // What is there is of use, also where something is not.
  if (pulled.length > 0) world.print(options.json === true ? json(pulled) : table(pulled));
  const needed = names.length > 0 ? names : project.images.map(({ name }) => name);
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

function json(images: readonly Pulled[]): string {
  return `${JSON.stringify({ images }, null, 2)}\n`;
}

function table(images: readonly Pulled[]): string {
  const rows = images.map(({ name, pulled, reference }) => [
    name,
    pulled ? "pulled" : "was here",
    reference,
  ]);
  return printTable(["image", "", "reference"], rows);
}
