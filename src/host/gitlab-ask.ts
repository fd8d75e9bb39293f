/** Asks through @gitbeaker/rest for its knowledge of addresses, with a transport of our own under it. */
import type { BerthError } from "../errors.ts";
import type { Access } from "../gitlab/access.ts";
import { answerError } from "../gitlab/answer.ts";
import { isProjectHidden, type Refusal, refusalError } from "../gitlab/denied.ts";
import type { EndpointName } from "../gitlab/endpoints.ts";
import type { Answer, Send } from "./gitlab-transport.ts";

type Beaker = typeof import("@gitbeaker/rest");
/** What a resource of gitbeaker is made with. */
export type Options = ConstructorParameters<Beaker["Projects"]>[0];
/** Query parameters; gitbeaker's names in camel case, those of a Link header as they come. */
export type Query = Readonly<Record<string, unknown>>;

/** One question, asked by calling a resource of gitbeaker that is made with the options. */
export interface Asked {
  readonly endpoint: EndpointName;
  readonly purpose: string;
  readonly call: (beaker: Beaker, options: Options, query: Query) => Promise<unknown>;
}

export interface Asker {
  /** Any answer to a question. */
  ask(asked: Asked, query?: Query): Promise<Answer>;
  /** The body of a good answer; `undefined` for what is not there. */
  one(asked: Asked): Promise<string | undefined>;
  /** The bodies of a listing's pages, one by one; none of a thing that is not there, where that may be. */
  pages(asked: Asked, options?: PageOptions): AsyncGenerator<string>;
}

export interface PageOptions {
  readonly query?: Query;
  /** Asked first, and given up where the server answers 405. */
  readonly keyset?: Query;
  /** What is listed may be gone. */
  readonly mayBeGone?: boolean;
}

export function makeAsker(access: Access, send: Send): Asker {
  const fail = (asked: Asked, answer: Answer): BerthError =>
    refusalError(refusalOf(asked, answer), access);
  const ask = async (asked: Asked, query: Query = {}): Promise<Answer> => {
    const beaker = await import("@gitbeaker/rest");
    const options = { host: access.api, queryTimeout: null, requesterFn: requester(asked, send) };
    // The requester hands the whole answer through as if it were the body.
    return (await asked.call(beaker, options as never, query)) as Answer;
  };
  const one = async (asked: Asked): Promise<string | undefined> => {
    const answer = await ask(asked);
    if (answer.status < 300) return answer.body;
    if (answer.status === 404 && !isHidden(answer)) return undefined;
    throw fail(asked, answer);
  };
  async function* pages(asked: Asked, options: PageOptions = {}): AsyncGenerator<string> {
    const start: Query = { perPage: 100, ...options.query };
    let answer = await ask(asked, { ...start, ...options.keyset });
    if (answer.status === 405 && options.keyset !== undefined) answer = await ask(asked, start);
    for (let before = ""; ; ) {
      if (options.mayBeGone === true && answer.status === 404 && !isHidden(answer)) return;
      if (answer.status >= 300) throw fail(asked, answer);
      yield answer.body;
      const next = nextPage(answer.headers, start);
      if (next === undefined) return;
      const place = JSON.stringify(next);
      if (place === before) throw answerError(`${asked.purpose}: a page names itself as the next`);
      before = place;
      answer = await ask(asked, next);
    }
  }
  return { ask, one, pages };
}

/** A project that a given token does not see is not there for it; for other logins it may be hidden. */
function isHidden(answer: Answer): boolean {
  return isProjectHidden(answer) && answer.login.kind !== "given";
}

export function refusalOf({ purpose, endpoint }: Asked, answer: Answer): Refusal {
  const { status, said, login } = answer;
  return { purpose, endpoint, status, said, login };
}

/** Where the next page is: in the Link header, of which only the query is used, or as a page's number. */
function nextPage(headers: Answer["headers"], start: Query): Query | undefined {
  const link = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(headers.get("link") ?? "")?.[1];
  if (link !== undefined) {
    const query = [...new URL(link, "http://gitlab").searchParams];
    return Object.fromEntries(query.filter(([name]) => !/token/i.test(name)));
  }
  const number = headers.get("x-next-page");
  return number === null || number === "" ? undefined : { ...start, page: number };
}

/** What gitbeaker calls to have a request sent: `endpoint` is a path, `searchParams` a record. */
function requester({ endpoint, purpose }: Asked, send: Send) {
  const sending =
    (method: "GET" | "DELETE") =>
    async (path: string, options: { readonly searchParams?: Query } = {}) => {
      const query = printQuery(options.searchParams ?? {});
      const body = await send({ endpoint, purpose, method, path, query });
      return { body, headers: {}, status: 200 };
    };
  return () => ({ get: sending("GET"), delete: sending("DELETE") });
}

function printQuery(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] => {
    const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (Array.isArray(value)) return value.map((item) => [`${key}[]`, String(item)]);
    return value === undefined ? [] : [[key, String(value)]];
  });
  return String(new URLSearchParams(pairs));
}
