/** The endpoints of GitLab's API that know of container repositories and their tags. */
import type { Answer } from "./faulty-server.ts";
import { type Asked, failed, json, listed } from "./gitlab-pages.ts";
import { mayChangeTag } from "./gitlab-rights.ts";

/** The container repositories of a project, numbered when they are first seen. */
function repositoriesOf({ api, project }: Pick<Asked, "api" | "project">) {
  const own = project.path.toLowerCase();
  const paths = [...new Set([...api.registry.tags.keys(), ...api.created])].sort();
  return paths
    .filter((path) => `${path}/`.startsWith(`${own}/`))
    .map((path) => {
      const id = api.repositories.get(path) ?? api.model.next("repository");
      api.repositories.set(path, id);
      return { id, path, tags: api.registry.tags.get(path) };
    });
}

export function repositories(asked: Asked): Answer {
  const all = repositoriesOf(asked).map(({ id, path }) => ({ id, path, status: null }));
  return listed(asked.request, asked.api.url, all);
}

export function tagDetail(asked: Asked): Answer {
  const found = repositoriesOf(asked).find(({ id }) => String(id) === asked.parts[0]);
  const name = asked.parts[1] ?? "";
  const tag = found?.tags?.get(name);
  if (tag === undefined) return failed(404, "404 Tag Not Found");
  // Without the database GitLab tells the image's own time.
  const time = asked.api.hasDatabase ? tag.taggedAt : tag.builtAt;
  return json({ name, digest: tag.digest, created_at: time?.toISOString() ?? null });
}

export function deleteTag(asked: Asked): Answer {
  const found = repositoriesOf(asked).find(({ id }) => String(id) === asked.parts[0]);
  const name = asked.parts[1] ?? "";
  if (found?.tags?.has(name) !== true) return failed(404, "404 Tag Not Found");
  if (!mayChangeTag(asked.identity, asked.project, name, "delete")) return failed(403);
  found.tags.delete(name);
  return { status: 200 };
}
