/** Where buildah's layer cache would serve old content, which is worse than none. */

/**
 * Whether an image must be built without buildah's layer cache.
 *
 * Its cache key of a RUN holds the instruction and the layers below, so it misses what the instruction reads
 * from a bind mount (buildah issue 5400) and, with an ARG before it, the body of a heredoc (issue 5656). The
 * second run would then publish the first run's image under a new key. Too much is found rather than too little:
 * a needless answer costs time only.
 */
export function cacheWouldLie(dockerfile: string): boolean {
  return hasHeredoc(dockerfile) || [...dockerfile.matchAll(/--mount=(\S*)/g)].some(isUnseen);
}

export function hasHeredoc(dockerfile: string): boolean {
  return /<<-?["']?[A-Za-z_]/.test(dockerfile);
}

function isUnseen(match: RegExpMatchArray): boolean {
  const options = (match[1] ?? "").replaceAll(/["']/g, "").split(",");
  const type = options.find((option) => option.startsWith("type="))?.slice("type=".length);
  if (type === "secret" || type === "ssh" || type === "tmpfs") return false;
  // A cache mount is no input by its nature, unless it starts as a copy of something.
  return type !== "cache" || options.some((option) => option.startsWith("from="));
}
