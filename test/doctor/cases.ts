/** Tables of facts and what is found in them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Check, diagnose } from "../../src/doctor/diagnose.ts";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import type { Level } from "../../src/doctor/judgement.ts";
import { project } from "./healthy.ts";

export type Case = readonly [
  name: string,
  facts: DoctorFacts,
  check: Check,
  level: Level,
  says: RegExp,
];

/** What a question that failed gives. */
export const trouble = { trouble: "do something: 403", todo: "give a token" };

/** The facts with another own project. */
export function withOwn(facts: DoctorFacts, change: Partial<typeof project>): DoctorFacts {
  return { ...facts, gitlab: { ...facts.gitlab, own: { ...project, ...change } } };
}

/** Checks each case; an error always says what to do. */
export function judge(area: string, cases: readonly Case[]): void {
  describe(`the doctor's judgement of ${area}`, () => {
    for (const [name, facts, check, level, says] of cases) {
      test(`${name}: ${check} is ${level}`, () => {
        const found = diagnose(facts).find(({ id }) => id === check);
        assert.ok(found);
        assert.equal(found.level, level);
        assert.match([found.what, found.detail, found.todo ?? ""].join("\n"), says);
        if (level === "error") assert.notEqual(found.todo, undefined);
      });
    }
  });
}
