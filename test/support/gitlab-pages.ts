/** What the stand-in's endpoints answer from, and how: pages by number and by keyset, errors (gitlab docs: api/rest, pagination). */
import type { Answer, SeenRequest } from "./faulty-server.ts";
import type { Identity, Model, TestProject } from "./gitlab-model.ts";
import type { GitLabRegistry } from "./gitlab-registry.ts";

export interface Api {
  readonly model: Model;
  readonly registry: Pick<GitLabRegistry, "tags" | "host">;
  /** Repositories that a push scope brought into being. */
  readonly created: ReadonlySet<string>;
  readonly url: string;
  /** Job tokens may read pipelines and their jobs: GitLab 19; not in 17. */
  readonly isNew: boolean;
  /** The registry has a metadata database: listing by keyset, time of tagging, protected tags. */
  readonly hasDatabase: boolean;
  readonly repositories: RepositoryNumbers;
}

/** Numbers and times of birth of container repositories, by path. */
export type RepositoryNumbers = Map<string, { readonly id: number; readonly createdAt: Date }>;

export interface Asked {
  readonly api: Api;
  readonly request: SeenRequest;
  readonly identity: Identity;
  readonly project: TestProject;
  /** What the groups of the route's path matched, decoded. */
  readonly parts: readonly string[];
}

const type = { "content-type": "application/json" };

export function json(value: unknown): Answer {
  return { status: 200, headers: type, body: JSON.stringify(value) };
}

const words: Readonly<Record<number, string>> = {
  401: "401 Unauthorized",
  403: "403 Forbidden",
  404: "404 Not found",
  405: "405 Method Not Allowed",
};

export function failed(status: number, message = words[status] ?? String(status)): Answer {
  return { status, headers: type, body: JSON.stringify({ message }) };
}

/** The status of an instance that asks its clients to come back later. */
export function tooMany(seconds: number): Answer {
  const headers = { "content-type": "text/plain", "retry-after": String(seconds) };
  return { status: 429, headers, body: "Retry later\n" };
}

/** One page by number: 20 items where not asked otherwise, 100 at most. */
export function listed(
  request: SeenRequest,
  url: string,
  items: readonly object[],
  { isTotalKnown = true }: { readonly isTotalKnown?: boolean } = {},
): Answer {
  const size = sizeOf(request);
  const page = Math.max(1, Number(request.query.get("page") ?? 1));
  const isLast = page * size >= items.length;
  const link = (rel: string, number: number) =>
    `<${address(request, url, { page: String(number), per_page: String(size) })}>; rel="${rel}"`;
  const links = [...(isLast ? [] : [link("next", page + 1)]), link("first", 1)];
  const total = {
    "x-total": String(items.length),
    "x-total-pages": String(Math.max(1, Math.ceil(items.length / size))),
  };
  const headers = {
    ...type,
    link: links.join(", "),
    "x-page": String(page),
    "x-per-page": String(size),
    "x-next-page": isLast ? "" : String(page + 1),
    "x-prev-page": page > 1 ? String(page - 1) : "",
    ...(isTotalKnown ? total : {}),
  };
  return {
    status: 200,
    headers,
    body: JSON.stringify(items.slice((page - 1) * size, page * size)),
  };
}

/** One page of sorted names after `last`; only the Link header knows of a next one. */
export function keyset(
  request: SeenRequest,
  url: string,
  names: readonly string[],
  show: (name: string) => object,
): Answer {
  const size = sizeOf(request);
  const last = request.query.get("last") ?? "";
  const from = names.findIndex((name) => name > last);
  const page = from < 0 ? [] : names.slice(from, from + size);
  const isLast = from < 0 || from + size >= names.length;
  const next = address(request, url, { last: page.at(-1) ?? "", per_page: String(size) });
  const headers = { ...type, ...(isLast ? {} : { link: `<${next}>; rel="next"` }) };
  return { status: 200, headers, body: JSON.stringify(page.map(show)) };
}

function sizeOf({ query }: SeenRequest): number {
  return Math.min(100, Math.max(1, Number(query.get("per_page") ?? 20)));
}

function address(
  { path, query }: SeenRequest,
  url: string,
  change: Readonly<Record<string, string>>,
): string {
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) all.set(name, value);
  return `${url}${path}?${all}`;
}
