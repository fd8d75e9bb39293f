/** Tables of facts and what is found in them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Check, diagnose, type Finding } from "../../src/doctor/diagnose.ts";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import type { Level } from "../../src/doctor/judgement.ts";
import { healthy, project } from "./healthy.ts";

/** What is found, as `CHECK is LEVEL`. */
export type Found = `${Check} is ${Level}`;

/** What a question that failed gives. */
export const trouble = { trouble: "do something: 403", todo: "give a token" };

type Change = { readonly [Name in keyof DoctorFacts]?: Partial<DoctorFacts[Name]> | undefined };

/** The facts with what is given over what they have. */
export function but(facts: DoctorFacts, change: Change): DoctorFacts {
  const changed = Object.entries(change).map(([name, value]) => [
    name,
    value && { ...facts[name as keyof DoctorFacts], ...value },
  ]);
  return { ...facts, ...Object.fromEntries(changed) };
}

/** The facts with another own project. */
export function withOwn(facts: DoctorFacts, change: Partial<typeof project>): DoctorFacts {
  return but(facts, { gitlab: { own: { ...project, ...change } } });
}

/** What is not well. */
export function unwell(facts: DoctorFacts): readonly Finding[] {
  return diagnose(facts).filter(({ level }) => level !== "ok");
}

export function findingOf(facts: DoctorFacts, check: string): Finding {
  const found = diagnose(facts).find(({ id }) => id === check);
  if (found === undefined) throw new Error(`no check ${check}`);
  return found;
}

/** Holds a finding against what is expected of it. */
export function assertFound(found: Finding | undefined, expected: Found, says: RegExp): void {
  assert.equal(`${found?.id} is ${found?.level}`, expected);
  assert.match([found?.what, found?.detail, found?.todo].join("\n"), says);
}

/** All that is not told is well. */
type Row = readonly [level: Level, says: RegExp, facts: Change];

/** What one check makes of facts, and says of them; an error always says what to do. */
export function judge(check: Check, rows: readonly Row[]): void {
  describe(`the doctor's check ${check}`, () => {
    for (const [level, says, facts] of rows)
      test(`${level}: ${says.source}`, () => {
        const found = findingOf(but(healthy, facts), check);
        assertFound(found, `${check} is ${level}`, says);
        if (found.level === "error") assert.notEqual(found.todo, undefined);
      });
  });
}
