/** A plan and its outcome as people and programs read it; pure text and plain data. */
import { count, fill, printTable, tableWidth } from "../output/table.ts";
import { printableLine } from "../printable.ts";
import type { Screen } from "../world.ts";
import type { Deleting, Keeping } from "./judge.ts";
import type { Applied, JudgedTag, PrunePlan } from "./plan.ts";

export interface ReportOptions {
  /** One line for each tag, instead of one for all that have the same kind and reason. */
  readonly each?: boolean;
  /** What stays is listed too, instead of counted. */
  readonly all?: boolean;
}

/** The tags that go as a table, and a line about those that stay. */
export function printPrunePlan(plan: PrunePlan, options: ReportOptions, screen: Screen): string {
  const { tags, totals } = plan;
  const listed = options.all ? tags : tags.filter(({ verdict }) => verdict.action === "delete");
  const go = printTotal(totals.map((total) => [total.kind, total.delete]));
  const stay = printTotal(totals.map((total) => [total.kind, total.keep]));
  const hint = options.all || stay === printTotal([]) ? "" : " (--all lists them)";
  const lines = `to delete: ${go}\nto keep: ${stay}${hint}\n${printDoubts(plan)}`;
  return `${listed.length === 0 ? "" : `${printTags(listed, options, screen)}\n`}${fill(lines, screen, 2)}`;
}

/** Names of tags are whole: where the screen is too narrow for the table they are counted, or stand below it. */
function printTags(tags: readonly JudgedTag[], { each }: ReportOptions, screen: Screen): string {
  const groups = groupsOf(tags);
  const headings = ["DECISION", "REPOSITORY", "KIND", "BECAUSE"];
  const named = groups.flatMap(({ columns, names }) => {
    const cells = each || names.length === 1 ? names : [`${names.length}`];
    return cells.map((cell) => [...columns, cell]);
  });
  const last = each ? "TAG" : "TAGS";
  if (screen.width === undefined || tableWidth([...headings, last], named) <= screen.width)
    return printTable([...headings, last], named, screen);
  const counted = groups.map(({ columns, names }) => [...columns, `${names.length}`]);
  const lists = groups.map(({ columns: [action, repository, kind, why], names }) => {
    const head = fill(`${action} ${repository}, ${kind}: ${why}`, screen, 4);
    return [head, ...names.map((name) => `  ${printableLine(name)}`), ""].join("\n");
  });
  return each ? lists.join("") : printTable([...headings, last], counted, screen);
}

/** Tags with one decision and reason, by these and by name. */
function groupsOf(tags: readonly JudgedTag[]) {
  const columnsOf = ({ repository, what, verdict }: JudgedTag): readonly string[] => {
    return [verdict.action, repository || ".", what.kind, because(verdict.reason)];
  };
  const groups = [...Map.groupBy(tags, (tag) => columnsOf(tag).join(" "))];
  return groups
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, of]) => ({ columns: columnsOf(of[0]!), names: of.map(({ name }) => name).sort() }));
}

/** `3 tags: 2 key, 1 set`. */
function printTotal(totals: readonly (readonly [string, number])[]): string {
  const some = totals.filter(([, count]) => count > 0);
  const sum = some.reduce((all, [, count]) => all + count, 0);
  if (sum === 0) return "no tag";
  const kinds = some.map(([kind, count]) => `${count} ${kind}`).join(", ");
  return `${count(sum, "tag")}: ${kinds}`;
}

function printDoubts({ doubts }: PrunePlan): string {
  if (doubts.length === 0) return "";
  const lines = doubts.map(({ about, why }) => `  ${about}: ${why}\n`).join("");
  return `\nwhat is needed cannot be told, so no key, set or cache is deleted:\n${lines}`;
}

/** A reason as a person reads it. */
export function because(reason: Keeping | Deleting): string {
  switch (reason.why) {
    case "needed":
      return `needed by ${reason.by}`;
    case "young":
      return `younger than ${reason.days} days`;
    case "running":
      return `pipeline ${reason.pipeline} is running`;
    case "pattern":
      return `named by ${reason.pattern}`;
    default:
      return phrases[reason.why];
  }
}

const phrases = {
  promoted: "promoted",
  "moving-cache": "cache of an image",
  override: "set by the user",
  foreign: "not made by berth",
  "age-unknown": "nobody tells how old it is",
  doubt: "what is needed cannot be told",
  sign: "other tags of the image stay",
  "other-version": "of another version of the key",
  unneeded: "nothing needs it",
  "image-gone": "no kept branch has the image",
  "branch-gone": "its branch is gone",
} as const;

/** A tag of the plan as plain data; as JSON it has no member of what nobody tells. */
export function tagJson({ repository, name, what, verdict, digest, taggedAt }: JudgedTag) {
  return {
    repository,
    tag: name,
    kind: what.kind,
    action: verdict.action,
    reason: verdict.reason,
    digest,
    taggedAt: taggedAt === undefined ? undefined : new Date(taggedAt).toISOString(),
  };
}

/** What a finished run did, counted. */
export function appliedJson(applied: readonly Applied[]) {
  const of = (kind: Applied["result"]["kind"]) =>
    applied.filter(({ result }) => result.kind === kind);
  return {
    deleted: of("deleted").length,
    gone: of("gone").length,
    refused: of("refused").map(({ tag, result }) => ({
      repository: tag.repository,
      tag: tag.name,
      why: result.kind === "refused" ? result.why : "",
    })),
    spared: of("spared").map(({ tag }) => ({
      repository: tag.repository,
      tag: tag.name,
      reason: tag.verdict.reason,
    })),
  };
}

export function printApplied(applied: readonly Applied[]): string {
  const { deleted, gone, refused, spared } = appliedJson(applied);
  const lines = refused.map(({ repository, tag, why }) => `  ${repository}:${tag}: ${why}\n`);
  const sums = `deleted ${deleted}, gone already ${gone}, kept at the second look ${spared.length}, refused ${refused.length}\n`;
  return `${sums}${lines.join("")}`;
}
