/** Finds the real programs that tests and the demo use, Debian's own before any other. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

const folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/** The path of a program; a missing one is an error that says how to get it. */
export function program(name: string): string {
  const path = [...folders, ...(process.env["PATH"] ?? "").split(":")]
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (path === undefined)
    throw new Error(`${name} is missing: run scripts/setup-debian.sh as root`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
