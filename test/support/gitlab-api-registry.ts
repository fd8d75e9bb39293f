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
      const fresh = { id: api.model.next("repository"), createdAt: api.model.now() };
      const { id, createdAt } = api.repositories.get(path) ?? fresh;
      api.repositories.set(path, { id, createdAt });
      return { id, path, createdAt, tags: api.registry.tags.get(path) };
    });
}

export function repositories(asked: Asked): Answer {
  const { api, project, request } = asked;
  const own = project.path.toLowerCase();
  const all = repositoriesOf(asked).map(({ id, path, createdAt }) => ({
    id,
    name: path.slice(own.length + 1),
    path,
    project_id: project.id,
    location: `${api.registry.host}/${path}`,
    created_at: createdAt.toISOString(),
    cleanup_policy_started_at: null,
    status: null,
  }));
  return listed(request, api.url, all);
}

export function tagDetail(asked: Asked): Answer {
  const found = repositoriesOf(asked).find(({ id }) => String(id) === asked.parts[0]);
  const name = asked.parts[1] ?? "";
  const tag = found?.tags?.get(name);
  if (found === undefined || tag === undefined) return failed(404, "404 Tag Not Found");
  const revision = tag.digest.replace(/^sha256:/, "");
  return json({
    name,
    path: `${found.path}:${name}`,
    location: `${asked.api.registry.host}/${found.path}:${name}`,
    revision,
    short_revision: revision.slice(0, 9),
    digest: tag.digest,
    // Without the database GitLab tells the image's own time.
    created_at: (asked.api.hasDatabase ? tag.taggedAt : tag.builtAt)?.toISOString() ?? null,
    total_size: tag.size,
  });
}

export function deleteTag(asked: Asked): Answer {
  const found = repositoriesOf(asked).find(({ id }) => String(id) === asked.parts[0]);
  const name = asked.parts[1] ?? "";
  if (found?.tags?.has(name) !== true) return failed(404, "404 Tag Not Found");
  if (!mayChangeTag(asked.identity, asked.project, name, "delete")) return failed(403);
  found.tags.delete(name);
  return { status: 200 };
}
