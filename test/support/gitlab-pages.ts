/** What the stand-in's endpoints answer from, and how: pages by number, errors (gitlab docs: api/rest, pagination). */
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
  /** The registry has a metadata database: time of tagging, protected tags. */
  readonly hasDatabase: boolean;
  /** Numbers of container repositories, by path. */
  readonly repositories: Map<string, number>;
}

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
  { path, query }: SeenRequest,
  url: string,
  items: readonly object[],
): Answer {
  const size = Math.min(100, Math.max(1, Number(query.get("per_page") ?? 20)));
  const page = Math.max(1, Number(query.get("page") ?? 1));
  const isLast = page * size >= items.length;
  const link = (rel: string, number: number) => {
    const asked = new URLSearchParams({ ...Object.fromEntries(query), per_page: `${size}` });
    asked.set("page", String(number));
    return `<${url}${path}?${asked}>; rel="${rel}"`;
  };
  const headers = {
    ...type,
    link: [...(isLast ? [] : [link("next", page + 1)]), link("first", 1)].join(", "),
    "x-next-page": isLast ? "" : String(page + 1),
  };
  const body = JSON.stringify(items.slice((page - 1) * size, page * size));
  return { status: 200, headers, body };
}
