/** Where a clone comes from, as its git remotes say. */
import type { Remote, Remotes } from "../init/remotes.ts";
import type { Git } from "../world.ts";

/** Where the remotes are that forks' clones call `upstream`, and all clones `origin`. */
export async function remotesOf(git: Git): Promise<Remotes> {
  const list = (await git.run(["remote", "-v"])).toString();
  const remote = (name: string): Remote | undefined => {
    const [, address = ""] = new RegExp(`^${name}\\t(\\S+) \\(fetch\\)$`, "m").exec(list) ?? [];
    const found =
      /^(?:\w+:\/\/(?:[^/@]+@)?|[\w.-]+@)([^:/]+)(?::\d+)?[:/]([^:]+?)(?:\.git)?\/?$/.exec(address);
    const [, host = "", path = ""] = found ?? [];
    return path.includes("/") ? { host, path } : undefined;
  };
  return { upstream: remote("upstream"), origin: remote("origin") };
}
