/**
 * What berth says in zod's words: the functions of `zod/mini`, which build a schema in half the time of zod's methods. The
 * bundle holds no more of it.
 */
import { globalRegistry, type output, pipe, transform, type ZodMiniType } from "zod/mini";
import en from "zod/v4/locales/en.js";

export type { core, output, ZodMiniType as ZodType } from "zod/mini";
export {
  _default as preset,
  any,
  array,
  boolean,
  custom,
  discriminatedUnion,
  enum,
  exactOptional,
  int,
  literal,
  looseObject,
  minimum,
  minLength,
  nonnegative,
  nullable,
  nullish,
  number,
  object,
  optional,
  partialRecord,
  prefault,
  readonly,
  record,
  refine,
  regex,
  strictObject,
  string,
  superRefine,
  union,
} from "zod/mini";

/** How to parse what a run reads once: to compile a parser of it would take longer than to walk through the schema. */
export const once = { error: en().localeError, jitless: true };

/** A schema with what `toJSONSchema` writes of it. */
export function noted<Schema extends ZodMiniType>(
  schema: Schema,
  note: Readonly<Record<string, unknown>>,
): Schema {
  const own = schema.clone();
  globalRegistry.add(own, note);
  return own;
}

/** A schema with its description. */
export function told<Schema extends ZodMiniType>(description: string, schema: Schema): Schema {
  return noted(schema, { description });
}

/** A schema whose value goes through a function. */
export function mapped<Schema extends ZodMiniType, Made>(
  schema: Schema,
  make: (value: output<Schema>) => Made,
) {
  return pipe(schema, transform(make));
}
