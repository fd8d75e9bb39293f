/** The real outside, put together once by the entry. */

import { printable } from "../printable.ts";
import type { Git, Timers, World } from "../world.ts";
import { processLog, screenOf } from "./console.ts";
import { httpFetch } from "./fetch.ts";
import { realFiles } from "./files.ts";
import { openGit } from "./git.ts";
import { createRunner, endOnSignals, type Runner } from "./run.ts";
import { removeLeftFolders } from "./temporary.ts";

/** Node's names of architectures where OCI's are others. */
const architectures: Readonly<Record<string, string>> = {
  arm: "arm/v7",
  ia32: "386",
  ppc64: "ppc64le",
  x64: "amd64",
};

/** Time, until nobody waits for it: what failed has been told, and something else may be asking a server meanwhile. */
export function realClock(): { readonly clock: Timers; readonly wakeNobody: () => void } {
  const waits: NodeJS.Timeout[] = [];
  let isOver = false;
  const clock: Timers = {
    now: () => new Date(),
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        const wait = setTimeout(resolve, milliseconds);
        waits.push(wait);
        if (isOver) wait.unref();
      }),
    startTimer: (milliseconds, then) => {
      const timer = setTimeout(then, milliseconds).unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const wakeNobody = () => {
    isOver = true;
    for (const wait of waits) wait.unref();
  };
  return { clock, wakeNobody };
}

/** Opens the world of this process. */
export function realWorld(): World {
  const { clock, wakeNobody } = realClock();
  const runner: Runner = createRunner();
  const log = processLog();
  const repositories: Git[] = [];
  const cleared = removeLeftFolders();
  let guarded = false;
  return {
    env: process.env,
    cwd: process.cwd(),
    files: realFiles(),
    run: runner.run,
    fetch: httpFetch,
    clock,
    log,
    random: Math.random,
    platform: `linux/${architectures[process.arch] ?? process.arch}`,
    openGit: async (cwd, options) => {
      const git = await openGit(cwd, options);
      repositories.push(git);
      return git;
    },
    print: (text) => log.around(() => process.stdout.write(printable(text, { styles: true }))),
    screen: screenOf(process.stdout, process.env),
    guard: () => {
      if (guarded) return;
      guarded = true;
      process.once("SIGINT", () => log.info("ending what was started; once more ends it at once"));
      endOnSignals(runner);
    },
    close: async () => {
      wakeNobody();
      await Promise.all([cleared, ...repositories.map((git) => git.close())]);
    },
  };
}
