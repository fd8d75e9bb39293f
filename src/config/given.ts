/** Settings that the component's inputs give beside the file; GitLab hands them over as variables. */
import type { Path } from "./document.ts";

/** Each may also stand in the file, where it must then say the same. */
export interface Given {
  readonly prefix?: string;
  readonly reference?: string;
  readonly repository?: string;
}

/** The variables, by the key of the configuration that they stand for. */
export const givenVariables = {
  prefix: "BERTH_PREFIX",
  reference: "BERTH_REFERENCE",
  repository: "BERTH_REPOSITORY",
} as const;

type Key = keyof typeof givenVariables;

/** Reads them from the environment; an empty variable is as good as none, as in all of GitLab CI. */
export function givenSettings(env: Readonly<Record<string, string | undefined>>): Given {
  const entries = Object.entries(givenVariables).map(([key, name]) => [key, env[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
}

/** Where file and inputs differ: what a template was told must be what the commands go by. */
export function contradictions(
  given: Given,
  value: unknown,
): readonly { readonly path: Path; readonly message: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const said = value as Readonly<Record<string, unknown>>;
  return (Object.keys(given) as Key[]).flatMap((key) => {
    if (said[key] === undefined || said[key] === given[key]) return [];
    return [
      {
        path: [key],
        message: `${key}: ${JSON.stringify(said[key])} here, but ${JSON.stringify(given[key])} as the component's input (${givenVariables[key]}); let both say the same, or drop one`,
      },
    ];
  });
}
