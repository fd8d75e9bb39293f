/** One process of this machine after the other: a lock that goes with its holder, however that ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { BerthError } from "../errors.ts";
import { makeFolder } from "./files.ts";

/**
 * Does work while no other process does any under the same file, which stays; `onWait` is called where one does now.
 * FILE_REFUSED where the file cannot be locked, ENGINE_MISSING where there is no flock.
 *
 * The lock is the kernel's (flock): util-linux or busybox hold it for as long as they can read from us.
 */
export async function inTurn<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T> {
  makeFolder(dirname(path), 0o700);
  const child = spawn("flock", [path, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Signals to our group are for us; it ends when we do.
    detached: true,
  });
  const ended = once(child, "close").catch((cause: unknown) => {
    const what = "wait for other jobs: flock could not be started";
    throw new BerthError("ENGINE_MISSING", what, { hint: "install util-linux", cause });
  });
  const waits = setTimeout(onWait, 200);
  const isHeld = await Promise.race([
    once(child.stdout, "data").then(() => true),
    ended.then(() => false),
  ]).finally(() => clearTimeout(waits));
  if (!isHeld)
    throw new BerthError("FILE_REFUSED", `wait for other jobs: ${path} cannot be locked`, {
      hint: "see that its folder is this user's own, and there is room on the disk",
    });
  try {
    return await work();
  } finally {
    child.stdin.end();
    await ended;
  }
}
