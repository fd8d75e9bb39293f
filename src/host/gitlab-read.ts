/** Reads checked answers; zod is loaded with the first of them. */
import type { EndpointName } from "../gitlab/endpoints.ts";
import type { ProjectId } from "../gitlab/gitlab.ts";
import type { Asked, Asker, PageOptions } from "./gitlab-ask.ts";

const shapes = async () => ({
  ...(await import("../gitlab/answer.ts")),
  ...(await import("../gitlab/project-answers.ts")),
  ...(await import("../gitlab/pipeline-answers.ts")),
  ...(await import("../gitlab/repository-answers.ts")),
  ...(await import("../gitlab/registry-answers.ts")),
});

type Shapes = Awaited<ReturnType<typeof shapes>>;
type Shape<T> = Parameters<typeof import("../gitlab/answer.ts").readOne<T>>[0];

/** One thing, checked; `undefined` where it is not there. */
export async function one<T>(
  asker: Asker,
  asked: Asked,
  shape: (of: Shapes) => Shape<T>,
): Promise<T | undefined> {
  const body = await asker.one(asked);
  if (body === undefined) return undefined;
  const known = await shapes();
  return known.readOne(shape(known), body, asked.purpose);
}

/** A listing, checked page by page. */
export async function* many<T>(
  asker: Asker,
  asked: Asked,
  shape: (of: Shapes) => Shape<T>,
  options?: PageOptions,
): AsyncGenerator<T> {
  for await (const body of asker.pages(asked, options)) {
    const known = await shapes();
    yield* known.readMany(shape(known), body, asked.purpose);
  }
}

export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export function about(
  endpoint: EndpointName,
  what: string,
  project: ProjectId,
  call: Asked["call"],
): Asked {
  return { endpoint, purpose: `read ${what} of project ${project} from GitLab`, call };
}
