/** Forms that the parts of the grammar share. */
import * as z from "zod";
import { didYouMean } from "./nearest.ts";
import type { Rule } from "./rules.ts";

/** A text that a rule has no objection to; `pattern` tells editors as much of the rule as they can check. */
export function text(rule: Rule, pattern?: string) {
  const checked = z.string().superRefine((value, context) => {
    const mistake = rule(value);
    if (mistake !== undefined) {
      context.addIssue({ code: "custom", message: `${JSON.stringify(value)}: ${mistake}` });
    }
  });
  return pattern === undefined ? checked : checked.meta({ pattern });
}

/** An object that refuses keys it does not know, one line of message for each. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys
            .map((key) => `unknown key ${JSON.stringify(key)}${didYouMean(key, known)}`)
            .join("\n")
        : undefined,
  });
}
