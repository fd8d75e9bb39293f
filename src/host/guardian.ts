/** A small process that tidies up after us where SIGKILL leaves us no time to. */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

/** What must not outlive this process: groups of processes, and folders. */
export interface Belongings {
  began(group: number): void;
  ended(group: number): void;
  made(folder: string): void;
}

export interface Guardian extends Belongings {
  /** From now on all that was told is ended and removed when this process is gone. */
  start(): void;
}

/**
 * Reads what we own, a line each, until its input ends, which it does however this process ends. Then
 * ends the groups (SIGKILL after 10 seconds) and removes the folders, at once for the logins in them
 * and once more when nobody writes there any longer. Most of them are gone by then.
 */
const program = `
trap '' TERM INT HUP
groups=' ' folders=
while IFS= read -r line; do
  what=\${line#* }
  case $line in
    began\\ *) groups="$groups$what " ;;
    ended\\ *) groups="\${groups%% $what *} \${groups#* $what }" ;;
    made\\ *) folders="$folders$what
" ;;
  esac
done
signal() { for group in $groups; do kill -s "$1" -- "-$group" && found=1; done 2>/dev/null; }
remove() { (set -f; IFS='
'; rm -rf -- $folders); }
signal TERM
remove
for wait in 0.1 0.2 0.5 1 1 2 2 3; do
  found=; signal 0; [ "$found" ] || break
  sleep "$wait" || sleep 1
done
signal KILL
remove
`;

/** Makes a guardian that is not started yet; without a shell on the machine there is none. */
export function makeGuardian(): Guardian {
  const groups = new Set<number>();
  const folders = new Set<string>();
  let input: Writable | undefined;
  const tell = (line: string): void => void input?.write(`${line}\n`);
  return {
    start() {
      input ??= startProgram();
      for (const folder of folders) tell(`made ${folder}`);
      for (const group of groups) tell(`began ${group}`);
    },
    began(group) {
      groups.add(group);
      tell(`began ${group}`);
    },
    ended(group) {
      // Told before the system may give its number to others.
      if (groups.delete(group)) tell(`ended ${group}`);
    },
    made(folder) {
      if (folder.includes("\n")) return;
      folders.add(folder);
      tell(`made ${folder}`);
    },
  };
}

function startProgram(): Writable {
  const child = spawn("/bin/sh", ["-c", program], {
    cwd: "/",
    // No secret of ours is in its environment, and signals to our group do not reach it.
    env: { PATH: process.env["PATH"] },
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ignore = (): void => undefined;
  child.on("error", ignore);
  child.stdin.on("error", ignore);
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child.stdin;
}
