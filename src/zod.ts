/** What berth says in zod's words; the bundle holds no more of it, so that it loads in a third of the time. */

export type { core, output, ZodRawShape, ZodType } from "zod";
export {
  any,
  array,
  boolean,
  coerce,
  custom,
  discriminatedUnion,
  enum,
  int,
  iso,
  literal,
  looseObject,
  NEVER,
  number,
  object,
  partialRecord,
  preprocess,
  record,
  strictObject,
  string,
  union,
} from "zod";

/** For what a run reads once: to compile a parser of it would take longer than to walk through the schema. */
export const once = { jitless: true };
