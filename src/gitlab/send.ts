/** One question to GitLab's API: the logins that may ask it, retries, and errors without tokens. */
import { BerthError, type ErrorCode } from "../errors.ts";
import { makeRedactor } from "../http/redact.ts";
import { defaultLimits, makeTransport, type Reply } from "../http/transport.ts";
import type { Clock, Fetch } from "../world.ts";
import { type GitLabAccess, type GitLabLogin, headerOf } from "./access.ts";
import { type EndpointName, isWrongToken, loginsFor } from "./rights.ts";

/** What the adapter uses of the outside. */
export interface GitLabTools {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: (line: string) => void;
}

export interface Question {
  readonly endpoint: EndpointName;
  /** What is being done, on what; the beginning of every message. */
  readonly purpose: string;
  readonly method: "GET" | "DELETE";
  /** Below the API's address, its segments encoded. */
  readonly path: string;
  /** The query as it is sent. */
  readonly query: string;
}

/** Any answer that is not transient, with the login that got it. */
export interface Answer {
  readonly status: number;
  readonly headers: Reply["headers"];
  /** The JSON of it; `undefined` where it is none. */
  readonly body: unknown;
  /** GitLab's words for a refusal; empty where there are none. */
  readonly said: string;
  readonly login: GitLabLogin;
}

/** Asks with the best login that there is. */
export type Send = (question: Question) => Promise<Answer>;

/** A page of 100 commits or branches with the longest messages that people write stays far below. */
const maxAnswerBytes = 16 * 1024 * 1024;

export function makeSend(access: GitLabAccess, tools: GitLabTools): Send {
  const redactor = makeRedactor();
  for (const secret of [access.jobToken, access.given?.value])
    if (secret !== undefined) redactor.hide(secret);
  const sendAs = (login: GitLabLogin): Send => {
    const fetch = withLogin(tools.fetch, access, login);
    const transport = makeTransport({ ...tools, limits: defaultLimits, redactor, fetch });
    return async ({ purpose, method, path, query }) => {
      const url = new URL(`${access.api}/${path}${query === "" ? "" : `?${query}`}`);
      const headers = { accept: "application/json" };
      const call = { method, url, purpose, headers, maxBytes: maxAnswerBytes };
      const reply = await converted(() => transport.send({ ...call, overflow: "GITLAB_ANSWER" }));
      const body = parse(new TextDecoder().decode(reply.bytes));
      const said = reply.status < 400 ? "" : redactor.clean(wordsOf(body, reply));
      return { status: reply.status, headers: reply.headers, body, said, login };
    };
  };
  // One for each login, since a transport remembers for how long a server asked it to wait.
  const sends = new Map<GitLabLogin["kind"], Send>();
  // A token that is unknown or of too small a scope is not tried again: GitLab bans who goes on.
  const useless = new Set<string>();
  return async (question) => {
    const { endpoint } = question;
    const logins = loginsFor(access, endpoint);
    for (const [index, login] of logins.entries()) {
      const isLast = index === logins.length - 1;
      if (!isLast && useless.has(`${endpoint} ${login.kind}`)) continue;
      const send = sends.get(login.kind) ?? sendAs(login);
      sends.set(login.kind, send);
      const answer = await send(question);
      if (isLast || !isWrongToken(answer)) return answer;
      useless.add(`${endpoint} ${login.kind}`);
    }
    throw new TypeError("there is always a login to ask with");
  };
}

/** Gives the token to GitLab's own address and to no other that a redirect leads to. */
function withLogin(send: Fetch, access: GitLabAccess, login: GitLabLogin): Fetch {
  const { origin } = new URL(access.api);
  return (input, init) => {
    const isGitLab = new URL(input instanceof Request ? input.url : input).origin === origin;
    const headers = { ...(init?.headers as Record<string, string>), ...headerOf(login) };
    return send(input, isGitLab ? { ...init, headers } : init);
  };
}

/** What GitLab says about a refusal, without the status that it likes to begin with. */
function wordsOf(said: unknown, { status }: Reply): string {
  if (typeof said !== "object" || said === null) return "";
  const { message, error, error_description: description } = said as Record<string, unknown>;
  const words = [error, message, description].map((part) =>
    typeof part === "string" || part === undefined ? part : JSON.stringify(part),
  );
  const line = words.filter((part) => part !== undefined).join(": ");
  return line.startsWith(`${status} `) ? line.slice(`${status} `.length) : line;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const codes: Partial<Record<ErrorCode, ErrorCode>> = {
  REGISTRY_UNAVAILABLE: "GITLAB_UNAVAILABLE",
  REGISTRY_REFUSED: "GITLAB_REFUSED",
};

/** The transport is the registry's; what it throws is told as GitLab's. */
async function converted(send: () => Promise<Reply>): Promise<Reply> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const code = codes[error.code] ?? error.code;
    const hint =
      code === "GITLAB_UNAVAILABLE"
        ? "GitLab's API cannot be used at the moment; try again later, and see its status page"
        : "check CI_API_V4_URL, and whether a proxy or a login page stands before GitLab";
    throw new BerthError(code, error.message, { hint });
  }
}
