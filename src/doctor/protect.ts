/** The one rule for GitLab's protected container tags that keeps untrusted pipelines from ours. */
import type { Config } from "../config/config.ts";
import { slugOf } from "../config/promoted.ts";
import { ownTags } from "../image/key.ts";
import { claimTag, generationOfPipeline, ofGeneration, triedTag } from "../oci/tags.ts";

/** GitLab takes no longer pattern (gitlab docs: protected container tags). */
export const maxPattern = 100;

export interface TagPatterns {
  /** RE2 that matches a part of a name, at most `maxPattern` characters: for a protected tag rule. */
  readonly protect: string;
  /** RE2 that matches a whole name: for what a cleanup policy keeps. */
  readonly keep: string;
  /** Whether it takes every tag but `try-`, since the project's own do not fit one pattern. */
  readonly isWide: boolean;
}

type Settings = Pick<Config, "publish">;

/** A text that names begin with: alone, with anything behind it, or with a dash and anything behind it. */
interface Part {
  readonly text: string;
  readonly end: "nothing" | "anything" | "dash";
}

const hex = "[0-9a-f]{64}";
const everythingButTry: TagPatterns = {
  protect: "^([^t]|t([^r]|$)|tr([^y]|$)|try([^-]|$))",
  keep: "([^t]|t[^r]|tr[^y]|try[^-]).*|t|tr|try",
  isWide: true,
};

/** Makes the patterns for what protected pipelines believe and move, and for nothing that others write. */
export function tagPatterns(config: Settings, defaultBranch: string | undefined): TagPatterns {
  const promoted = config.publish.map(({ branch, tag }) =>
    promotedPart(branch === "{default}" ? (defaultBranch ?? "*") : branch, tag),
  );
  const narrow = promoted.every((part) => part !== undefined) ? patternsOf(promoted) : undefined;
  const fits =
    narrow !== undefined &&
    narrow.protect.length <= maxPattern &&
    !untrustedTags.some((tag) => new RegExp(narrow.protect).test(tag));
  return fits ? narrow : everythingButTry;
}

function patternsOf(promoted: readonly Part[]): TagPatterns {
  const protect = promoted.map(({ text, end }) => `${escapeText(text)}${protectEnds[end]}`);
  const keep = promoted.map(({ text, end }) => `${escapeText(text)}${keepEnds[end]}`);
  // Of every version of the key, so that a new one needs no new rule.
  return {
    protect: `^(${["(key|set)\\d*-", "cache\\d*$", "promote-", ...new Set(protect), `${hex}$`].join("|")})`,
    keep: ["(key|set)\\d*-.*", "cache\\d*", "promote-.*", ...new Set(keep), hex].join("|"),
    isWide: false,
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

function escapeText(text: string): string {
  return text.replace(/[.\\^$+*?()[\]{}|]/g, "\\$&");
}

const digits = "0123456789abcdef".repeat(4);

/** One example of each tag that only trusted pipelines may write. */
export function trustedTags({ publish }: Settings, defaultBranch = "main"): readonly string[] {
  const promoted = publish.map(({ branch, tag }) => {
    const name = branch === "{default}" ? defaultBranch : branch.replaceAll("*", "9.2");
    return tag.replace("{slug}", slugOf(name));
  });
  return [
    ownTags.key(digits),
    ownTags.set(digits),
    ofGeneration(ownTags.set(digits), generationOfPipeline("1234567")),
    claimTag("latest", digits.slice(24)),
    ownTags.cache,
    digits,
    ...new Set(promoted),
  ];
}

/** The same of those that untrusted pipelines must be able to write. */
export const untrustedTags: readonly string[] = [
  ownTags.key(digits),
  ownTags.set(digits),
  ownTags.built,
].map(triedTag);
