/** A run that may build: its session, and where hashed contexts wait for their build. */
import type { ExitCode } from "../errors.ts";
import type { World } from "../host/world.ts";
import type { Spool } from "../image/contexts.ts";
import type { TemporaryFolder } from "../world.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";

/** Does the work of a command in a session that is closed whatever happens. */
export async function inSession(
  options: SessionOptions,
  work: (session: Session, spool: Spool) => Promise<ExitCode>,
): Promise<ExitCode> {
  const session = await openSession(options);
  const contexts = lazySpool(session.world);
  try {
    return await work(session, contexts.spool);
  } finally {
    await session.project.git.close();
    await contexts.remove();
  }
}

/** Keeps hashed contexts in a private folder that is made with the first of them. */
function lazySpool(world: World): { readonly spool: Spool; remove(): Promise<void> } {
  let folder: TemporaryFolder | undefined;
  return {
    spool: async (name) => {
      folder ??= await world.files.temporary("berth-contexts-");
      const path = `${folder.path}/${name}.tar`;
      return { path, sink: world.files.writer(path) };
    },
    remove: async () => folder?.remove(),
  };
}
