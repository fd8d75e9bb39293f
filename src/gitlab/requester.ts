/** What @gitbeaker/rest has its requests sent by: page after page, each checked before the next is asked. */
import type { Projects } from "@gitbeaker/rest";
import { answerError } from "./answers.ts";
import type { EndpointName, GitLabRefusal } from "./rights.ts";
import type { Answer, Send } from "./send.ts";

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

/** The refusal as a value; any other error is thrown on. */
export function refused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  throw error;
}

type Query = Readonly<Record<string, unknown>>;

/** Sends the requests of one question. */
export function requester({ endpoint, purpose }: Asked, send: Send) {
  const seen = new Set<string>();
  const sending =
    (method: "GET" | "DELETE") =>
    async (path: string, options: { readonly searchParams?: Query } = {}) => {
      const query = printQuery(options.searchParams ?? {});
      if (seen.has(query)) throw answerError(`${purpose}: a page names itself as the next`);
      const answer = await send({ endpoint, purpose, method, path, query });
      const { status, said, login, body } = answer;
      if (status >= 300) throw new Refused({ purpose, endpoint, status, said, login });
      const link = linkOf(answer, purpose);
      // gitbeaker ends at an empty page, and joins pages without a look at them.
      const isPage = Array.isArray(body) && (body.length > 0 || link === undefined);
      if ((seen.size > 0 || link !== undefined) && !isPage)
        throw answerError(`${purpose}: one of its pages is not a list, or is empty`);
      seen.add(query);
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
  const pairs = Object.entries(query).map(([name, value]): [string, string] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    String(value),
  ]);
  return String(new URLSearchParams(pairs.filter(([, value]) => value !== "undefined")));
}
