/** `berth key`: keys, offline. */
import { type ExitCode, exitCodes, printProblem } from "../errors.ts";
import { realWorld } from "../host/world.ts";
import { openProject, type ProjectOptions } from "./project.ts";

export async function keyCommand(
  names: readonly string[],
  options: ProjectOptions & { readonly json?: boolean },
): Promise<ExitCode> {
  const world = realWorld();
  const project = await openProject(world, options);
  const { images, warnings } = await project.identify(names.length === 0 ? undefined : names);
  await project.git.close();
  for (const warning of warnings) world.log.warn(printProblem(warning));
  const wanted = images.filter(({ name }) => names.length === 0 || names.includes(name));
  const keys = wanted.map(({ name, key }) => ({ name, key }));
  const width = Math.max(0, ...keys.map(({ name }) => name.length));
  const table = keys.map(({ name, key }) => `${name.padEnd(width)}  ${key}\n`).join("");
  world.print(options.json === true ? `${JSON.stringify({ images: keys })}\n` : table);
  return exitCodes.done;
}
