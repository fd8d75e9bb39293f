/** Where GitLab is, and whose name berth asks it in: the job's token, and one that a user gives for more. */

/** Where GitLab's API is and which tokens there are; holds secrets, so it is handed on and never printed. */
export interface GitLabAccess {
  /** Address of the API with its version, such as `https://gitlab.example.com/api/v4`. */
  readonly api: string;
  readonly jobToken: string | undefined;
  readonly given: { readonly variable: string; readonly value: string } | undefined;
  /** The variable to name to a user who should give a token. */
  readonly variable: string;
}

/** One way to ask; `none` is asking as anybody, whom public projects answer. */
export type GitLabLogin =
  | { readonly kind: "job"; readonly value: string }
  | { readonly kind: "given"; readonly value: string; readonly variable: string }
  | { readonly kind: "none" };

type Env = Readonly<Record<string, string | undefined>>;

/** Reads where GitLab is and the tokens from the environment; `undefined` where no GitLab is known. */
export function accessOf(env: Env, prefix: string): GitLabAccess | undefined {
  const server = env["CI_SERVER_URL"];
  const api = env["CI_API_V4_URL"] || (server ? `${server}/api/v4` : undefined);
  if (api === undefined) return undefined;
  const own = `${prefix}_GITLAB_TOKEN`;
  const variable = [own, "GITLAB_TOKEN"].find((name) => env[name]);
  const value = variable === undefined ? undefined : env[variable];
  return {
    api: api.replace(/\/+$/, ""),
    jobToken: env["CI_JOB_TOKEN"] || undefined,
    given: variable === undefined || value === undefined ? undefined : { variable, value },
    variable: own,
  };
}

/** The header that carries a login. */
export function headerOf(login: GitLabLogin): Readonly<Record<string, string>> {
  if (login.kind === "none") return {};
  return { [login.kind === "job" ? "job-token" : "private-token"]: login.value };
}
