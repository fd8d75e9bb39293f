/** Questions to GitLab's API: page after page, with the logins that may ask, and errors without tokens. */
import type { Projects } from "@gitbeaker/rest";
import { BerthError, type ErrorCode, expected } from "../errors.ts";
import { isLimited, unavailableHint } from "../http/errors.ts";
import { makeRedactor } from "../http/redact.ts";
import { defaultLimits, makeTransport, type Outside, type Reply } from "../http/transport.ts";
import { answerError, answerHint } from "./answers.ts";
import {
  type EndpointName,
  type GitLabAccess,
  type GitLabLogin,
  type GitLabRefusal,
  headerOf,
  isWrongToken,
  loginsFor,
} from "./rights.ts";

/** What the adapter uses of the outside. */
export type GitLabTools = Pick<Outside, "fetch" | "clock" | "random" | "log">;

/** One question, asked by calling a resource of gitbeaker that is made with the options. */
export interface Asked {
  readonly endpoint: EndpointName;
  /** What is being done, on what; the beginning of every message. */
  readonly purpose: string;
  readonly call: (options: ConstructorParameters<typeof Projects>[0]) => Promise<unknown>;
}

/** Carries a refusal through gitbeaker, which knows success alone. */
export class Refused extends Error {
  readonly refusal: GitLabRefusal;

  constructor(refusal: GitLabRefusal) {
    super(refusal.purpose);
    this.refusal = refusal;
  }
}

interface Question extends Pick<Asked, "endpoint" | "purpose"> {
  readonly method: "GET" | "DELETE";
  readonly url: URL;
}

/** Any answer that is not transient, with the login that got it. */
interface Answer {
  readonly status: number;
  readonly headers: Reply["headers"];
  /** Its length. */
  readonly bytes: number;
  /** The JSON of it; `undefined` where it is none. */
  readonly body: unknown;
  /** GitLab's words for a refusal; empty where there are none. */
  readonly said: string;
  readonly login: GitLabLogin;
}

type Send = (question: Question) => Promise<Answer>;

/** Makes what asks a question, and gives what GitLab answers, a refusal being an answer. */
export function makeAsk(access: GitLabAccess, tools: GitLabTools) {
  const send = makeSend(access, tools);
  return async (asked: Asked): Promise<unknown> => {
    const requesterFn = () => requester(asked, access, send) as never;
    try {
      return await asked.call({ host: access.api, queryTimeout: null, requesterFn });
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  };
}

type Query = Readonly<Record<string, unknown>>;

/** Of a hundred each, and together no longer than this; a server may make up new ones for ever. */
const mostPages = 1000;
const mostBytes = 256 * 1024 * 1024;

/** What gitbeaker has the requests of one question sent by: each page is checked before the next is asked. */
function requester({ endpoint, purpose }: Asked, { api }: GitLabAccess, send: Send) {
  const seen = new Set<string>();
  let bytes = 0;
  const sending =
    (method: Question["method"]) =>
    async (path: string, options: { readonly searchParams?: Query } = {}) => {
      const url = new URL(`${api}/${path}`);
      url.search = printQuery(options.searchParams ?? {});
      if (seen.has(url.search)) throw answerError(`${purpose}: a page names itself as the next`);
      if (seen.size >= mostPages || bytes > mostBytes)
        throw answerError(`${purpose}: its pages do not end`);
      const answer = await send({ endpoint, purpose, method, url });
      const { status, said, login, body } = answer;
      if (status >= 300) throw new Refused({ purpose, endpoint, status, said, login });
      const link = linkOf(answer, purpose);
      // gitbeaker ends at an empty page, and joins pages without a look at them.
      const isPage = Array.isArray(body) && (body.length > 0 || link === undefined);
      if ((seen.size > 0 || link !== undefined) && !isPage)
        throw answerError(`${purpose}: one of its pages is not a list, or is empty`);
      seen.add(url.search);
      bytes += answer.bytes;
      return { body, headers: link === undefined ? {} : { link }, status };
    };
  return { get: sending("GET"), delete: sending("DELETE") };
}

/** The Link header where it names a next page; an error where that is named in a way that gitbeaker does not read. */
function linkOf({ headers }: Answer, purpose: string): string | undefined {
  const link = headers.get("link") ?? "";
  if (/<[^<>]+>; rel="next"/.test(link)) return link;
  if (/rel="?next/.test(link) || headers.get("x-next-page"))
    throw answerError(`${purpose}: where the next page is cannot be read`);
  return undefined;
}

function printQuery(query: Query): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (value !== undefined) asked.set(snake, String(value));
  }
  return String(asked);
}

/** A page of 100 commits or branches with the longest messages that people write stays far below. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** Sends each question with the best login that there is. */
function makeSend(access: GitLabAccess, tools: GitLabTools): Send {
  const redactor = makeRedactor();
  for (const secret of [access.jobToken, access.given?.value]) redactor.hide(secret ?? "");
  const transport = makeTransport({ ...tools, limits: defaultLimits, redactor });
  const sendAs = async (login: GitLabLogin, { purpose, method, url }: Question) => {
    const headers = { accept: "application/json" };
    const call = { purpose, method, url, headers, login: headerOf(login) };
    const reply = await transport
      .send({ ...call, maxBytes: maxAnswerBytes, overflow: "GITLAB_ANSWER" })
      .catch(throwAsGitLabs);
    const body = parse(new TextDecoder().decode(reply.bytes));
    const said = reply.status < 400 ? "" : redactor.clean(wordsOf(body, reply));
    const { status, headers: given, bytes } = reply;
    return { status, headers: given, bytes: bytes.length, body, said, login };
  };
  // A token that is unknown or of too small a scope is not tried again: GitLab bans who goes on.
  const useless = new Set<string>();
  return async (question) => {
    const [last = { kind: "none" }, ...better] = loginsFor(access, question.endpoint).toReversed();
    for (const login of better.toReversed()) {
      const trial = `${question.endpoint} ${login.kind}`;
      if (useless.has(trial)) continue;
      const answer = await sendAs(login, question);
      if (!isWrongToken(answer)) return answer;
      useless.add(trial);
    }
    return sendAs(last, question);
  };
}

/** What GitLab says about a refusal, without the status that it likes to begin with. */
function wordsOf(said: unknown, { status }: Reply): string {
  if (typeof said !== "object" || said === null) return "";
  const { message, error, error_description: description } = said as Record<string, unknown>;
  const words = [error, message, description]
    .filter((part) => part !== undefined)
    .map((part) => (typeof part === "string" ? part : JSON.stringify(part)));
  const line = words.join(": ");
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

/** In place of what the transport says of registries; what no other try mends is of any server. */
function hintOf(error: BerthError): string | undefined {
  if (isLimited(error))
    return "GitLab limits how often a login or an address may ask its API: try again later, or ask its admins for a higher limit";
  return error.hint === unavailableHint
    ? "GitLab's API cannot be used at the moment; try again later, and see its status page"
    : error.hint;
}

/** The transport speaks of registries; what it throws is told as GitLab's. */
const throwAsGitLabs = expected((error): never => {
  const code = codes[error.code] ?? error.code;
  const hint = code === "GITLAB_UNAVAILABLE" ? hintOf(error) : answerHint;
  throw new BerthError(code, error.message, { hint });
});
