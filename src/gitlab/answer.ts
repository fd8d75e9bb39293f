/** Reading one answer of GitLab: its pieces, and the error for what is not as expected. */
import * as z from "zod";
import { BerthError } from "../errors.ts";

/** A member that may be null or not there, which say the same. */
export const optional = <T extends z.ZodType>(type: T) =>
  type.nullish().transform((value) => value ?? undefined);
export const text = optional(z.string());
export const date = z
  .string()
  .transform((value) => new Date(value))
  .refine((value) => !Number.isNaN(value.getTime()));
export const commitId = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** Checks one answer; the error names the member that is wrong and never its value. */
export function readOne<T>(shape: z.ZodType<T>, body: string, purpose: string): T {
  const result = shape.safeParse(parseJson(body, purpose));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.length ? issue.path.join(".") : "the whole";
  throw answerError(`${purpose}: in GitLab's answer ${where} is not what it should be`);
}

export function readMany<T>(shape: z.ZodType<T>, body: string, purpose: string): readonly T[] {
  return readOne(z.array(shape), body, purpose);
}

function parseJson(body: string, purpose: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw answerError(`${purpose}: GitLab's answer is not JSON`);
  }
}

export function answerError(message: string): BerthError {
  return new BerthError("GITLAB_ANSWER", message, {
    hint: "check CI_API_V4_URL, and whether a proxy or a login page stands before GitLab",
  });
}
