/** What the operating system refuses, told as something to mend and not as a bug. */
import { BerthError, type ErrorCode } from "../errors.ts";

interface Refusal {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const refused = (what: string, hint: string): Refusal => ({ code: "FILE_REFUSED", what, hint });
const full = (what: string): Refusal => ({
  code: "DISK_FULL",
  what,
  hint: "free some space, or name a folder on another disk: --output for berth's files, TMPDIR for contexts and the engine's",
});

const elsewhere = "--output names another folder for berth's files, TMPDIR one for temporary ones";
const rights = `let the user that runs berth read or write it; ${elsewhere}`;

/** By the codes of errno(3). */
const refusals: Readonly<Record<string, Refusal>> = {
  EACCES: refused("permission denied", rights),
  EPERM: refused("operation not permitted", rights),
  EROFS: refused("the file system is read-only", elsewhere),
  EISDIR: refused("it is a folder", "name a file"),
  ENOTDIR: refused("a part of the path is a file", "name a path whose parents are folders"),
  ELOOP: refused("its links lead in a circle", "mend the link"),
  ENAMETOOLONG: refused("the name is too long", "name a shorter path"),
  ENOSPC: full("no space left"),
  EDQUOT: full("the quota is used up"),
};

/** An error of berth's for a system call that failed for a reason that a person can mend; else the error as it is. */
export function recognise(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  const { code, syscall } = error;
  const refusal = typeof code === "string" ? refusals[code] : undefined;
  if (refusal === undefined) return error;
  const path = "path" in error && typeof error.path === "string" ? ` ${error.path}` : "";
  const { what, hint } = refusal;
  return new BerthError(refusal.code, `${syscall}${path}: ${what}`, { hint, cause: error });
}
