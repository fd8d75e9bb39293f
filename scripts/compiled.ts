/**
 * Code that V8 has made of the bundle, for the tool image, where each job would else compile what it runs.
 *
 * It lies in the bundle's folder, where nobody can write who could not write the bundle, under the hash of the text it
 * was made of; what another version of V8 made, or other flags, V8 itself ignores.
 */
import { hash } from "node:crypto";
import { join } from "node:path";
import { Script } from "node:vm";

export function compiledPath(folder: string, source: string): string {
  return join(folder, "compiled", hash("sha256", source));
}

/** A function of what a file of CommonJS takes for granted. */
export function scriptOf(source: string, filename: string, cachedData?: Buffer): Script {
  const text = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  return new Script(text, { filename, ...(cachedData && { cachedData }) });
}
