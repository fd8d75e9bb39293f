/** A plan and its outcome as people and programs read it; pure text and plain data. */
import { printTable } from "../output/print.ts";
import type { Applied } from "./apply.ts";
import type { Deleting, Keeping } from "./judge.ts";
import type { JudgedTag, PrunePlan } from "./plan.ts";

export interface ReportOptions {
  /** One line for each tag, instead of one for all that have the same kind and reason. */
  readonly each: boolean;
}

/** The plan as a table: what goes first, then what stays. */
export function printPrunePlan(plan: PrunePlan, { each }: ReportOptions): string {
  const rows = each ? plan.tags.map(rowOf) : groupRows(plan.tags);
  const sorted = rows.toSorted((a, b) => (a.join(" ") < b.join(" ") ? -1 : 1));
  const heading = ["DECISION", "REPOSITORY", "KIND", "BECAUSE", each ? "TAG" : "TAGS"];
  return `${printTable(heading, sorted)}\n${printTotals(plan)}${printDoubts(plan)}`;
}

function rowOf(tag: JudgedTag): readonly string[] {
  return [...columnsOf(tag), shortTag(tag.name)];
}

function columnsOf({ repository, what, verdict }: JudgedTag): readonly string[] {
  return [verdict.action, repository === "" ? "." : repository, what.kind, because(verdict.reason)];
}

function groupRows(tags: readonly JudgedTag[]): readonly (readonly string[])[] {
  const groups = new Map<string, { columns: readonly string[]; count: number; name: string }>();
  for (const tag of tags) {
    const columns = columnsOf(tag);
    const key = columns.join("\n");
    const count = (groups.get(key)?.count ?? 0) + 1;
    groups.set(key, { columns, count, name: tag.name });
  }
  return [...groups.values()].map(({ columns, count, name }) => [
    ...columns,
    count === 1 ? shortTag(name) : `${count}`,
  ]);
}

function printTotals({ totals }: PrunePlan): string {
  const rows = totals.map((total) => [total.kind, `${total.delete}`, `${total.keep}`]);
  return printTable(["KIND", "DELETE", "KEEP"], rows);
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
  changed: "put again meanwhile",
  unneeded: "nothing needs it",
  "image-gone": "no kept branch has the image",
  "branch-gone": "its branch is gone",
} as const;

function shortTag(name: string): string {
  return name.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}

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
    spared: of("spared").map(({ tag, result }) => ({
      repository: tag.repository,
      tag: tag.name,
      reason: result.kind === "spared" ? result.verdict.reason : undefined,
    })),
  };
}

export function printApplied(applied: readonly Applied[]): string {
  const { deleted, gone, refused, spared } = appliedJson(applied);
  const lines = refused.map(({ repository, tag, why }) => `  ${repository}:${tag}: ${why}\n`);
  const sums = `deleted ${deleted}, gone already ${gone}, kept at the second look ${spared.length}, refused ${refused.length}\n`;
  return `${sums}${lines.join("")}`;
}
