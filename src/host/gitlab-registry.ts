/** What is asked of GitLab about a project's container registry, and the one thing that is deleted. */
import type { Access } from "../gitlab/access.ts";
import { deniedHint, isProjectHidden, isWrongToken, refusalError } from "../gitlab/denied.ts";
import type { Deletion, GitLab } from "../gitlab/gitlab.ts";
import { type Asked, type Asker, refusalOf } from "./gitlab-ask.ts";
import { about, many, one } from "./gitlab-read.ts";
import type { Answer } from "./gitlab-transport.ts";

export function registryQuestions(
  asker: Asker,
  access: Access,
): Pick<GitLab, "repositories" | "tags" | "tag" | "deleteTag" | "tagRules"> {
  return {
    repositories: (projectId) =>
      many(
        asker,
        about("repositories", "container repositories", projectId, (beaker, options, query) =>
          new beaker.ContainerRegistry(options).allRepositories({ ...query, projectId }),
        ),
        (known) => known.repository,
        { query: { tagsCount: true } },
      ),
    tags: (project, repository) =>
      many(
        asker,
        about(
          "tags",
          `tags of container repository ${repository}`,
          project,
          (beaker, options, query) =>
            new beaker.ContainerRegistry(options).allTags(project, repository, query),
        ),
        (known) => known.tagName,
        { keyset: { pagination: "keyset", sort: "asc" }, mayBeGone: true },
      ),
    tag: (project, repository, name) =>
      one(
        asker,
        about(
          "tags",
          `tag ${name} of container repository ${repository}`,
          project,
          (beaker, options) =>
            new beaker.ContainerRegistry(options).showTag(project, repository, name),
        ),
        (known) => known.tag,
      ),
    async deleteTag(project, repository, name) {
      const purpose = `delete tag ${name} of container repository ${repository} of project ${project} in GitLab`;
      const call: Asked["call"] = ({ ContainerRegistry }, options) =>
        new ContainerRegistry(options).removeTag(project, repository, name);
      const asked: Asked = { endpoint: "deleteTag", purpose, call };
      return deletionOf(asked, await asker.ask(asked), access);
    },
    async tagRules(project) {
      const path = `projects/${encodeURIComponent(project)}/registry/protection/tag/rules`;
      // gitbeaker does not know these rules.
      const call: Asked["call"] = async ({ ContainerRegistry }, options) =>
        (await new ContainerRegistry(options).requester.get(path)).body;
      const asked = about("tagRules", "protected container tags", project, call);
      return one(asker, asked, (known) => known.tagRules);
    },
  };
}

function deletionOf(asked: Asked, answer: Answer, access: Access): Deletion {
  if (answer.status < 300) return { kind: "deleted" };
  const refusal = refusalOf(asked, answer);
  if (answer.status === 404 && !isProjectHidden(refusal)) return { kind: "gone" };
  const isAboutTag = answer.status === 400 || answer.status === 403;
  if (!isAboutTag || isWrongToken(refusal)) throw refusalError(refusal, access);
  const hint = `${deniedHint(refusal, access)}; a rule that protects the tag asks for a higher role`;
  return { kind: "refused", said: `${answer.status} ${answer.said}`.trim(), hint };
}
