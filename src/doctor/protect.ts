/** The rules of GitLab's that keep untrusted pipelines from what others believe, and leave them what they write. */
import type { Config } from "../config/config.ts";
import { slugOf } from "../config/promoted.ts";
import { ownTags } from "../image/key.ts";
import { generationOfPipeline, ofGeneration, platformPattern } from "../oci/tags.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import { patternOf } from "../printable.ts";

/** GitLab takes no longer pattern (gitlab docs: protected container tags). */
export const maxPattern = 100;

type Settings = Pick<Config, "publish">;

/** A text that names begin with: alone, with anything behind it, or with a dash and anything behind it. */
interface Part {
  readonly text: string;
  readonly end: "nothing" | "anything" | "dash";
}

/** Paths for rules that protect container repositories: all that trusted pipelines write, and nothing below `try`. */
export function protectedPaths(
  project: string,
  { repository }: Pick<Config, "repository">,
  images: readonly string[],
): readonly string[] {
  const [folder = ""] = repository.split("{name}");
  // GitLab's `*` stands for slashes too.
  const isWide = `${triedRepositoryName}/`.startsWith(folder);
  const named = isWide ? images : ["*"];
  return [
    ...named.map((name) => `${project}/${repository.replace("{name}", name)}`),
    `${project}/${recordRepositoryName}`,
  ];
}

/** Makes the patterns for what `promote` moves, and for all that must not be cleaned up. */
export function tagPatterns(config: Settings, defaultBranch: string | undefined) {
  const parts = config.publish.map(({ branch, tag }) =>
    promotedPart(branch === "{default}" ? (defaultBranch ?? "*") : branch, tag),
  );
  const promoted = parts.filter((part) => part !== undefined);
  if (promoted.length < parts.length) return { protect: undefined, keep: ".*" };
  const starts = promoted.map(({ text, end }) => `${patternOf(text)}${protectEnds[end]}`);
  const names = promoted.map(({ text, end }) => `${patternOf(text)}${keepEnds[end]}`);
  const protect = `^(${[...new Set(starts)].join("|")})`;
  const isRule =
    protect.length <= maxPattern && !anyRunsTags.some((tag) => new RegExp(protect).test(tag));
  // Of every version of the key, so that a new one needs no new pattern.
  const ours = ["(key|set)\\d*-.*", `cache\\d*(-${platformPattern})?`, "[0-9a-f]{64}"];
  return {
    /**
     * RE2 that matches a part of a name, at most `maxPattern` characters: for the one rule for protected tags, which
     * holds in every repository of the project; `undefined` where promoted tags may be like those of any run.
     */
    protect: isRule ? protect : undefined,
    /** RE2 that matches a whole name: for what a cleanup policy keeps. */
    keep: [...ours, ...new Set(names)].join("|"),
  };
}

const protectEnds = { nothing: "$", anything: "", dash: "(-|$)" } as const;
const keepEnds = { nothing: "", anything: ".*", dash: "(-.*)?" } as const;

/** `undefined` where a tag may begin with anything. */
function promotedPart(branch: string, tag: string): Part | undefined {
  const [before = "", after] = tag.split("{slug}");
  if (after === undefined) return { text: tag, end: "nothing" };
  if (!branch.includes("*")) return { text: `${before}${slugOf(branch)}${after}`, end: "nothing" };
  const [literal = ""] = branch.split("*");
  const begin = `${before}${slugOf(literal)}`;
  if (begin === "") return undefined;
  // GitLab cuts dashes off a slug's ends, so the branch `staging-` has the slug `staging`.
  const hasDash = slugOf(literal) !== "" && /[^a-z0-9]$/i.test(literal) && after === "";
  return { text: begin, end: hasDash ? "dash" : "anything" };
}

const digits = "0123456789abcdef".repeat(4);

/** One example of each tag that every run writes, an untrusted one below `try`. */
export const anyRunsTags: readonly string[] = [
  ownTags.key(digits),
  ownTags.set(digits),
  ofGeneration(ownTags.set(digits), generationOfPipeline("1234567")),
  ownTags.cache,
  ownTags.built,
  digits,
];

/** The same of those that trusted pipelines alone move. */
export function promotedTags({ publish }: Settings, defaultBranch = "main"): readonly string[] {
  const promoted = publish.map(({ branch, tag }) => {
    const name = branch === "{default}" ? defaultBranch : branch.replaceAll("*", "9.2");
    return tag.replace("{slug}", slugOf(name));
  });
  return [...new Set(promoted)];
}
