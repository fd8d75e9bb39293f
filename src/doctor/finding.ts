/** What a check found, as data; the same shape for people, for `--json` and for tests. */

/** From good to bad; `note` is also what could not be checked and need not be. */
export const levels = ["ok", "note", "warning", "error"] as const;

export type Level = (typeof levels)[number];

/** Every check, in the order in which they are read; docs/commands.md has a line for each. */
export const checks = [
  "configuration",
  "images",
  "dotenv",
  "registry",
  "upstream",
  "container-tag",
  "force-rebuild",
  "own-rights",
  "upstream-rights",
  "job-tokens",
  "protected-tags",
  "cleanup",
  "schedules",
  "fork-pipelines",
  "gitlab-version",
  "engine",
  "umask",
  "clone",
] as const;

export type Check = (typeof checks)[number];

export interface Finding {
  readonly id: Check;
  readonly level: Level;
  /** One line: how it is. */
  readonly what: string;
  /** What it rests on and what follows, lines; empty where `what` says it all. */
  readonly detail: string;
  /** What to do; `undefined` where nothing is to be done. */
  readonly todo: string | undefined;
}

/** What a judgement says; which check it is, is known by who asked for it. */
export type Judgement = Omit<Finding, "id">;

export function judgement(level: Level, what: string, detail = "", todo?: string): Judgement {
  return { level, what, detail, todo };
}

/** The worst first; among equals in the order of the checks. */
export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  const weight = ({ level }: Finding): number => levels.indexOf(level);
  return [...findings].sort((a, b) => weight(b) - weight(a));
}
