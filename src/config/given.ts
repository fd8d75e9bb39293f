/** Settings that the component's inputs give beside the file; GitLab hands them over as variables. */

/** Each may also stand in the file; the input wins, since the templates were told it. */
export interface Given {
  readonly prefix?: string;
  readonly upstream?: string;
  readonly reference?: string;
  readonly engine?: string;
}

/** The variables, by the key of the configuration that they stand for. No rule of a pipeline reads one. */
export const givenVariables = {
  prefix: "BERTH_INPUT_PREFIX",
  upstream: "BERTH_INPUT_UPSTREAM",
  reference: "BERTH_INPUT_REFERENCE",
  engine: "BERTH_INPUT_ENGINE",
} as const;

/** Reads them from the environment; an empty variable is as good as none, as in all of GitLab CI. */
export function givenSettings(env: Readonly<Record<string, string | undefined>>): Given {
  const entries = Object.entries(givenVariables).map(([key, name]) => [key, env[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
}
