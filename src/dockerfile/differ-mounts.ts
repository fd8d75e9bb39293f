/** What RUN writes to a mount, and a later instruction reads: gone for BuildKit, there for buildah. */

import type { Difference } from "./differ.ts";
import type { Instruction } from "./instruction.ts";
import { mountFields } from "./reads.ts";

/** The first version that forgets what a RUN wrote to a bind mount (CVE-2024-11218; 1.38.0 does not). */
const discardsSince = 39;

/** What of the context (`""`), a stage or an image an instruction reads, and what it writes to by a mount. */
function touched(instruction: Instruction) {
  const { keyword, flags, body } = instruction;
  const from = flags.find(({ name }) => name === "from")?.value?.text ?? "";
  if (keyword === "copy" || keyword === "add")
    return [{ of: from, isRead: true, written: undefined }];
  if (keyword === "from" && body.kind === "words")
    return [{ of: body.words[0]?.text ?? "", isRead: true, written: undefined }];
  return flags.flatMap((flag) => {
    const fields = mountFields(flag);
    const textOf = (name: string) => fields?.get(name)?.value?.text.toLowerCase();
    const isOn = (name: string) => fields?.has(name) === true && textOf(name) !== "false";
    const type = textOf("type") ?? "bind";
    const of = fields?.get("from")?.value?.text ?? "";
    if (fields === undefined || !(type === "bind" || (type === "cache" && of !== ""))) return [];
    const isRead = type === "bind";
    const isWritten = isRead
      ? isOn("readwrite") || textOf("readonly") === "false"
      : !isOn("readonly");
    return [{ of, isRead, written: isWritten ? type : undefined }];
  });
}

/** Mounts that are written to, of what a later instruction reads: buildah gives both the thing itself. */
export function writtenMounts(
  instructions: readonly Instruction[],
): readonly (readonly [Instruction, Difference])[] {
  const all = instructions.map(touched);
  return instructions.flatMap((instruction, index) => {
    const later = all.slice(index + 1).flat();
    const lost = all[index]!.find(
      ({ of, written }) => written && later.some((one) => one.isRead && one.of === of),
    );
    if (lost === undefined) return [];
    const below = lost.written === "bind" ? discardsSince : undefined;
    const which = below === undefined ? "" : ` before 1.${below}`;
    const message = `buildah${which} keeps what RUN writes to this mount for a later instruction that reads the same: mount it read-only, or read what was written by another way`;
    return [[instruction, { at: instruction.at, message, buildah: { below } }] as const];
  });
}
