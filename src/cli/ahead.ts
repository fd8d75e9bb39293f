/** What a command asks git first, asked before the command's own code is loaded. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { usualNames } from "../config/find.ts";
import { fileNames } from "../config/load.ts";
import { anywhere, besides, listingOf } from "../context/listing.ts";
import { askAhead } from "../host/git.ts";

const commands = new Set(["key", "plan", "ensure"]);

/** Lets git look for Dockerfiles, or at the configuration, while Node loads the rest. */
export function askFirst(args: readonly string[], cwd: string): void {
  const readsTree =
    process.env["BERTH_CONFIG"] === undefined &&
    args.every((arg) => !/^--(?:rev|config)(?:=|$)/.test(arg));
  if (!commands.has(args[0] ?? "") || !readsTree) return;
  askAhead(cwd, (root) => {
    const isConfigured = fileNames.some((name) => existsSync(join(root, name)));
    return listingOf(isConfigured ? [besides("")] : anywhere(usualNames));
  });
}
