/** What checks say, of facts that may not have been found out. */
import { type ErrorCode, expected, printProblem } from "../errors.ts";

/** From good to bad; `note` is also what could not be checked and need not be. */
export const levels = ["ok", "note", "warning", "error"] as const;

export type Level = (typeof levels)[number];

/** What a check says of the facts; which check it is, is known by who asked for it. */
export interface Judgement {
  readonly level: Level;
  /** One line: how it is. */
  readonly what: string;
  /** What it rests on and what follows, lines; empty where `what` says it all. */
  readonly detail: string;
  /** What to do; `undefined` where nothing is to be done. */
  readonly todo: string | undefined;
}

/** Checks by their names. */
export type Checks<Facts> = Readonly<Record<string, (facts: Facts) => Judgement>>;

type Say = (what: string, detail?: string, todo?: string) => Judgement;

const saying =
  (level: Level): Say =>
  (what, detail = "", todo) => ({ level, what, detail, todo });

export const say: Readonly<Record<Level, Say>> = {
  ok: saying("ok"),
  note: saying("note"),
  warning: saying("warning"),
  error: saying("error"),
};

/** Lines for a detail, of those texts that there are. */
export function lines(...texts: readonly (string | undefined)[]): string {
  return texts.filter(Boolean).join("\n");
}

/** Something that could not be found out or used, and what would help. */
export interface Trouble {
  readonly trouble: string;
  readonly todo: string | undefined;
  readonly code?: ErrorCode;
}

export type Known<T> = T | Trouble;

export function isTrouble(fact: unknown): fact is Trouble {
  return typeof fact === "object" && fact !== null && "trouble" in fact;
}

/** What was found out; `undefined` where that is a trouble. */
export function answerOf<T>(fact: Known<T>): T | undefined {
  return isTrouble(fact) ? undefined : fact;
}

/** The words of an error; anything but a `BerthError` is thrown on. */
export const troubleOf = expected<Trouble>(({ code, message, problems, hint }) => ({
  code,
  trouble: lines(message, ...problems.map(printProblem)),
  todo: hint,
}));

/** Makes an expected failure a fact; a bug stays one. */
export function known<T>(answer: Promise<T>): Promise<Known<T>> {
  return answer.catch(troubleOf);
}

/** Makes an expected failure a fact, as `known` does of a promise's. */
export function attempt<T>(read: () => T): Known<T> {
  try {
    return read();
  } catch (error) {
    return troubleOf(error);
  }
}

/** What the trouble is, and what would help. */
export function troubleText({ trouble, todo }: Trouble): string {
  return lines(trouble, todo);
}

/** That something could not be read, and why where the fact is a trouble. */
export function unread(what: string, fact: unknown, todo?: string): Judgement {
  const why = isTrouble(fact) ? troubleText(fact) : "";
  return say.note(`${what} could not be read`, why, todo);
}
