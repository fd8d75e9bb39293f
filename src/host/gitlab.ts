/** The port to GitLab over @gitbeaker/rest; gitbeaker and zod are loaded with the first question. */
import type { Access } from "../gitlab/access.ts";
import type { GitLab } from "../gitlab/gitlab.ts";
import { makeAsker } from "./gitlab-ask.ts";
import { historyQuestions, pipelineQuestions, projectQuestions } from "./gitlab-questions.ts";
import { registryQuestions } from "./gitlab-registry.ts";
import { type GitLabTools, makeSend } from "./gitlab-transport.ts";

/** Opens the port; nothing is loaded or asked before the first question. */
export function openGitLab(access: Access, tools: GitLabTools): GitLab {
  const asker = makeAsker(access, makeSend(access, tools));
  return {
    ...projectQuestions(asker),
    ...pipelineQuestions(asker, access),
    ...historyQuestions(asker),
    ...registryQuestions(asker, access),
  };
}
