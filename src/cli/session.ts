/** What the commands that talk to a registry share: the project, the situation, the client. */
import { BerthError } from "../errors.ts";
import type { World } from "../host/world.ts";
import type { Spool } from "../image/contexts.ts";
import { type Situation, situationOf } from "../plan/situation.ts";
import type { TemporaryFolder } from "../world.ts";
import { type Login, login } from "./login.ts";
import { openProject, type Project, type ProjectOptions } from "./project.ts";
import type { GlobalOptions } from "./verb.ts";

export interface Session {
  readonly world: World;
  readonly project: Project;
  readonly situation: Situation;
  readonly login: Login;
}

export async function openSession(
  world: World,
  options: ProjectOptions & GlobalOptions,
): Promise<Session> {
  const project = await openProject(world, options);
  const situation = situationOf(world.env, project.config, options.registry);
  return { world, project, situation, login: login(world, project.config) };
}

/** Does work that may build; hashed contexts wait for their build in a private folder, which then goes. */
export async function withSpool<T>(
  { files }: World,
  work: (spool: Spool) => Promise<T>,
): Promise<T> {
  let folder: TemporaryFolder | undefined;
  const spool: Spool = async (name) => {
    folder ??= await files.temporary("berth-contexts-");
    const path = `${folder.path}/${name}.tar`;
    return { path, sink: files.writer(path) };
  };
  try {
    return await work(spool);
  } finally {
    await folder?.remove();
  }
}

/** Refuses to go on with files that no commit describes, unless that was asked for. */
export function refuseDirty(
  doing: string,
  dirty: readonly string[],
  { allowDirty }: { readonly allowDirty?: boolean },
): void {
  if (dirty.length === 0 || allowDirty === true) return;
  const shown = dirty.slice(0, 5).join(", ");
  const more = dirty.length > 5 ? ` and ${dirty.length - 5} more` : "";
  throw new BerthError(
    "TREE_DIRTY",
    `${doing}: files that images are made from differ from the commit: ${shown}${more}`,
    {
      hint: "commit them, or give --allow-dirty to publish images that no commit describes",
    },
  );
}
