#!/usr/bin/env node
/** The entry of the bundle: starts it with the code that was compiled of it, where nobody else can have put any. */
import { lstatSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { compiledPath, scriptOf } from "./compiled.ts";

/** A folder that only this user can write; none where the user has no home of his own. */
function ownFolder(): string | undefined {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const top = XDG_CACHE_HOME || HOME;
  if (!top?.startsWith("/")) return undefined;
  const folder = join(top, XDG_CACHE_HOME ? "" : ".cache", "berth/compiled");
  try {
    // Below the home of whoever called sudo, say, nothing of another user's is left.
    if (statSync(top).uid !== process.getuid?.()) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return isOwn(dirname(folder), 0o022) && isOwn(folder, 0o077) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is a real folder of this user's, and others have none of these rights. */
function isOwn(folder: string, rights: number): boolean {
  const stats = lstatSync(folder);
  return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & rights) === 0;
}

const loaded = new Map<string, { exports: unknown }>();

/** Loads a file of the bundle with its compiled code; where it has none, as Node does. */
function load(name: string): unknown {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const file = join(import.meta.dirname, name);
  const source = readFileSync(file, "utf8");
  let code: Buffer;
  try {
    code = readFileSync(compiledPath(import.meta.dirname, source));
  } catch {
    return require(file);
  }
  const module = { exports: {} };
  loaded.set(name, module);
  const run = scriptOf(source, file, code).runInThisContext();
  const own = (asked: string) => (asked.startsWith("./lib/") ? load(asked) : require(asked));
  run(module.exports, own, module, file, dirname(file));
  return module.exports;
}

// NODE_COMPILE_CACHE is the user's own word: Node has taken it already, and this call then changes nothing.
const folder = ownFolder();
if (folder !== undefined) enableCompileCache(folder);
load("./main.js");
