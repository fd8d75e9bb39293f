/** What comes with the command beside its code. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A folder beside the bundle, or at the top of a checkout; `undefined` where it is in neither. */
export function shipped(name: string): string | undefined {
  return [name, `../../${name}`]
    .map((place) => join(import.meta.dirname, place))
    .find((path) => existsSync(path));
}
