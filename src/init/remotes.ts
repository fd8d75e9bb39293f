/** Whose project this is, by its git remotes and its CI files: the upstream of forks, and where images are. */
import { upstreamRule } from "../config/rules.ts";
import { beginsWithHost } from "../oci/reference.ts";
import { patternOf } from "../printable.ts";
import type { Git } from "../world.ts";
import { because, block, type Chosen, type Seen, seen, usual } from "./settings.ts";
import type { Survey } from "./survey.ts";

/** A git remote that may be a project of GitLab's. */
export interface Remote {
  readonly host: string;
  readonly path: string;
}

export interface Remotes {
  readonly upstream?: Remote | undefined;
  readonly origin?: Remote | undefined;
}

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

/** Where the project may be on its GitLab. */
export function pathsOf({ upstream, origin }: Remotes): readonly string[] {
  return [upstream, origin].flatMap((remote) => remote?.path ?? []);
}

/** Hosts of projects that may have a mirror on a GitLab, under another path. */
export const noGitLab = ["github.com", "codeberg.org", "bitbucket.org", "git.sr.ht"];

export function upstreamOf(
  { pipeline }: Survey,
  prefix: string,
  remotes: Remotes,
): Chosen<string | undefined> {
  const name = remotes.upstream === undefined ? "origin" : "upstream";
  const { host = "", path } = remotes[name] ?? {};
  // Many a project says where another's jobs are, under such a name too.
  const isOther = (value: string): boolean =>
    path !== undefined && value.includes("/") && !hasNameOf(value, path);
  const usable = (pipeline?.variables ?? []).filter(
    ({ key, value }) =>
      /UPSTREAM(?:_(?:REPO|REPOSITORY|PROJECT|PATH|NAMESPACE))?$/.test(key) &&
      upstreamRule(value) === undefined &&
      (/^FDO_|^[A-Z]+(?:_CI)?_UPSTREAM$/.test(key) || !isOther(value)),
  );
  const variable = usable.find(({ key }) => key === `${prefix}_UPSTREAM`) ?? usable[0];
  if (variable === undefined && noGitLab.includes(host))
    return because(
      undefined,
      `the git remote ${name} is on ${host}, which is no GitLab`,
      "write the project's path on your GitLab as `upstream`: forks use its images",
    );
  const upstream = variable?.value ?? (path && asUpstream(host, path));
  if (upstream === undefined || upstreamRule(upstream) !== undefined) return usual(undefined);
  const found =
    variable === undefined
      ? `the git remote ${name} is ${upstream}`
      : `the variable ${variable.key} says ${upstream}`;
  // Without a slash it is a namespace, whose project of the same name is meant.
  const whose = upstream.includes("/") ? "the project" : "the namespace of the project";
  const doubt =
    variable === undefined && name === "origin" ? "; name another where that is a fork" : "";
  return because(upstream, found, `${whose} whose images forks use${doubt}`, block({ upstream }));
}

function hasNameOf(one: string, other: string): boolean {
  const [own, theirs] = [one, other].map((path) => path.toLowerCase().split("/").at(-1));
  return own === theirs;
}

/** A path that a reader would take for a registry's, as it is there. */
function asUpstream(host: string, path: string): string | undefined {
  if (!beginsWithHost(path)) return path;
  return host === "gitlab.com" ? `registry.${host}/${path}` : undefined;
}

/** Where a person's own machine looks for images, as was `given`; else, but on gitlab.com, only the CI files may tell. */
export function registryOf(
  { text }: Survey,
  { upstream, origin }: Remotes,
  given?: string,
): readonly Seen[] {
  const chosen =
    "where `berth plan` and `berth run` on your machine look; a pipeline knows its own";
  if (given !== undefined) return seen("--registry was given", chosen, block({ registry: given }));
  const { host = "", path = "" } = upstream ?? origin ?? {};
  if (path === "") return [];
  const own = path.toLowerCase();
  const spelt = text.matchAll(new RegExp(`(?<![\\w./-])[\\w.:-]+/${patternOf(own)}(?=[/:@])`, "g"));
  // GitLab's own host with the path is the project's page, or a module of its language.
  const isRegistry = (base: string) => /^[^/]*\./.test(base) && base !== `${host}/${own}`;
  const written = [...spelt].map(([base]) => base).find(isRegistry);
  const registry = written ?? (host === "gitlab.com" ? `registry.gitlab.com/${own}` : undefined);
  if (registry === undefined) return [];
  const found =
    written === undefined ? "the project is on gitlab.com" : `the pipeline speaks of ${written}`;
  return seen(found, chosen, block({ registry }));
}
