/** Tables of facts and what is found in them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Check, diagnose, type Finding } from "../../src/doctor/diagnose.ts";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import type { Level } from "../../src/doctor/judgement.ts";
import { project } from "./healthy.ts";

/** What is found, as `CHECK is LEVEL`, and what that says. */
export type Case = readonly [
  name: string,
  facts: DoctorFacts,
  found: `${Check} is ${Level}`,
  says: RegExp,
];

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
export function assertFound(found: Finding | undefined, expected: Case[2], says: RegExp): void {
  assert.equal(`${found?.id} is ${found?.level}`, expected);
  assert.match([found?.what, found?.detail, found?.todo].join("\n"), says);
}

/** Checks each case; an error always says what to do. */
export function judge(area: string, cases: readonly Case[]): void {
  describe(`the doctor's judgement of ${area}`, () => {
    for (const [name, facts, expected, says] of cases)
      test(`${name}: ${expected}`, () => {
        const found = findingOf(facts, expected.split(" ")[0] ?? "");
        assertFound(found, expected, says);
        if (found.level === "error") assert.notEqual(found.todo, undefined);
      });
  });
}
