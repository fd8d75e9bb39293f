/** QEMU's pipeline in small, moved as docs/migrate-qemu.md says: each of its kinds of jobs once. */
import { join } from "node:path";
import { filesBelow } from "../support/folders.ts";
import type { CiTexts } from "./ci.ts";

/** The whole; `latest` for `coverity` in a fork's schedule is what the guide's fourth trap says. */
export const qemuFiles: CiTexts = filesBelow(join(import.meta.dirname, "qemu"));

/** The same with a text in one file replaced. */
export function changed(file: string, from: string, to: string): CiTexts {
  const path = `.gitlab-ci.d/${file}.yml`;
  const text = qemuFiles[path] ?? "";
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  return { ...qemuFiles, [path]: text.replace(from, to) };
}
