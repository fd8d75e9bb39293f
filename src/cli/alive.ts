/** Signs of life on standard error while something long goes on. */
import type { Clock, Log } from "../world.ts";

/** How long nothing need be said, in milliseconds. */
const quiet = 5000;

/**
 * Counts what was done; after five seconds, and then every five, it says how far that is.
 *
 * `say` gives the line of so many.
 */
export function signOfLife(
  { clock, log }: { readonly clock: Pick<Clock, "now">; readonly log: Pick<Log, "info"> },
  say: (count: number) => string,
): () => void {
  let count = 0;
  let told = clock.now().getTime();
  return () => {
    count++;
    const now = clock.now().getTime();
    if (now - told < quiet) return;
    told = now;
    log.info(say(count));
  };
}
