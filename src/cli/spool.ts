/** Where hashed contexts wait for their build. */
import type { World } from "../host/world.ts";
import type { Spool } from "../image/contexts.ts";
import type { TemporaryFolder } from "../world.ts";

/** Keeps hashed contexts in a private folder that is made with the first of them. */
export function lazySpool(world: World): { readonly spool: Spool; remove(): Promise<void> } {
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
