/** Which tags a branch moves. */
import { many, matcher, type Piece, text } from "../context/automaton.ts";
import { fitsStars } from "../context/paths.ts";
import { isTag } from "../oci/reference.ts";
import { isReserved } from "../oci/tags.ts";
import type { Config } from "./config.ts";

/** A branch as GitLab describes it to a job. */
export interface Branch {
  /** CI_COMMIT_BRANCH. */
  readonly name: string;
  /** CI_DEFAULT_BRANCH. */
  readonly defaultBranch: string | undefined;
}

/** Gives the tags that a pipeline of this branch promotes, each once, in the order of the configuration. */
export function promotedTags(config: Pick<Config, "publish">, branch: Branch): readonly string[] {
  const tags = config.publish
    .filter((rule) => matchesBranch(rule.branch, branch))
    .map((rule) => rule.tag.replace("{slug}", slugOf(branch.name)));
  return [...new Set(tags)];
}

/** Is a tag made from the branch's name? Such a tag belongs to one branch alone. */
export function isNamedAfter(
  config: Pick<Config, "publish">,
  branch: Branch,
  tag: string,
): boolean {
  const rules = config.publish.filter((rule) => matchesBranch(rule.branch, branch));
  const plain = rules.some((rule) => rule.tag === tag);
  return !plain && promotedTags(config, branch).includes(tag);
}

/** The first tag that `{slug}` makes of a branch's name although that branch may not move it, and why. */
export function stolenTag(config: Pick<Config, "publish">, branch: Branch) {
  const named = promotedTags(config, branch).filter((tag) => isNamedAfter(config, branch, tag));
  for (const tag of named) {
    const rule = config.publish.find((one) => one.tag === tag);
    if (rule !== undefined) return { tag, why: `it is moved by the branch ${rule.branch}` };
    if (!isTag(tag)) return { tag, why: `${JSON.stringify(tag)} is no tag` };
    if (isReserved(tag)) return { tag, why: "it is one of berth's own" };
  }
  return undefined;
}

/** `*` stands for any characters, slashes too, as in GitLab's protected branches. */
export function matchesBranch(pattern: string, { name, defaultBranch }: Branch): boolean {
  if (pattern === "{default}") return name === defaultBranch;
  return fitsStars(pattern, name);
}

/** A branch as GitLab's `CI_COMMIT_REF_SLUG` spells it: 63 characters of `a-z`, `0-9` and `-`. */
export function slugOf(branch: string): string {
  return branch
    .toLowerCase()
    .replace(/[^a-z0-9]/gu, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
}

/** Recognises the tags that rules of `publish` name, whichever branch they were made for. */
export function promotedPattern(
  { publish }: Pick<Config, "publish">,
  defaultBranch: string | undefined,
): (tag: string) => boolean {
  const patterns = publish.map(({ branch, tag }) => {
    const slug = slugPieces(branch === "{default}" ? (defaultBranch ?? "*") : branch);
    const [first = "", ...rest] = tag.split("{slug}");
    return matcher([...text(first), ...rest.flatMap((part) => [...slug, ...text(part)])]);
  });
  return (tag) => patterns.some((matches) => matches(tag));
}

const dashes = many((char) => char === "-");
const slugs = many((char) => /[a-z0-9-]/.test(char));

/** All slugs that branches of a glob can have; dashes at its ends may have been cut. */
function slugPieces(glob: string): readonly Piece[] {
  if (!glob.includes("*")) return text(slugOf(glob));
  const cut = glob.toLowerCase().replace(/[^a-z0-9*]/gu, "-");
  const parts = cut.replace(/^-+|-+$/g, "").split("*");
  const pieces = parts.flatMap((part, at) => [...(at === 0 ? [] : [slugs]), ...text(part)]);
  return [
    ...(cut.startsWith("-") ? [dashes] : []),
    ...pieces,
    ...(cut.endsWith("-") ? [dashes] : []),
  ];
}
