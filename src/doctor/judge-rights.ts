/** May the login do what this pipeline is going to do? */
import { printRepository } from "../oci/reference.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import { type DoctorFacts, isFork } from "./facts.ts";
import {
  answerOf,
  type Checks,
  isTrouble,
  type Judgement,
  lines,
  say,
  unread,
} from "./judgement.ts";

const jobTokenRule =
  "A CI job token acts for who started the pipeline and writes in its own project only; it takes the role Developer, and more where repositories or tags are protected.";

export const rightsChecks = {
  "own-rights"({ situation, registry: { own } }) {
    if (own === undefined) return say.note("not checked: no registry is known");
    const bad = say[situation.ci ? "error" : "warning"];
    if (isTrouble(own)) return bad("the registry cannot be read", own.trouble, own.todo);
    const { refused, repository } = own;
    if (refused === undefined)
      return say.note(
        `may pull from ${repository}; writing was not asked about`,
        `No repository exists below this base yet, and GitLab makes one of whoever asks to push. ${jobTokenRule}`,
      );
    if (refused.push?.startsWith("403"))
      return say.note(
        `${repository} is protected from this login, so what its pipelines build is untrusted`,
        `${refused.push}\nIt goes to ${triedRepositoryName}/ below the project's registry, which only untrusted pipelines read.`,
      );
    if (refused.push !== undefined)
      return bad(
        `may read ${repository}, not push to it`,
        lines(refused.push, jobTokenRule),
        "let somebody with the role Developer or more start the pipeline, or log in as such",
      );
    if (refused.delete !== undefined)
      return say.note(
        `may pull from and push to ${repository}`,
        "Without the right to delete `berth prune --apply` cannot work.",
      );
    return say.ok(`may pull from, push to and delete in ${repository}`);
  },

  "upstream-rights"(facts) {
    const { upstream } = facts.registry;
    if (facts.situation.upstream === undefined || upstream === undefined)
      return say.ok("not needed: only the own registry is read");
    const base = printRepository(facts.situation.upstream);
    if (!isTrouble(upstream)) return say.ok(`may pull from ${base}`);
    if (upstream.code !== "REGISTRY_DENIED")
      return say.warning(`${base} cannot be asked`, upstream.trouble, upstream.todo);
    return say.warning(
      `may not pull from ${base}: images that upstream has are built here again`,
      `${upstream.trouble}\nA private project lets in the job tokens on its allowlist, for users who are members.`,
      letInTodo(facts),
    );
  },

  "job-tokens"(facts) {
    const { jobTokens, own } = facts.gitlab;
    if (isFork(facts.situation)) return judgeLetIn(facts);
    const settings = answerOf(own);
    if (settings?.visibility === "public" && settings.registry === "enabled")
      return say.ok("everybody, so every fork too, may read this project's images");
    if (settings === undefined || isTrouble(jobTokens))
      return unread("which forks may read this project's images", jobTokens);
    if (!jobTokens.limited)
      return say.note("job tokens of every project come in, for users who are members");
    return say.note(
      `job tokens of ${jobTokens.projects.length} projects and ${jobTokens.groups.length} groups come in`,
      "Forks that are not among them cannot read the images and build their own.",
      "for forks that shall reuse images: Settings > CI/CD > Job token permissions, or Settings > General > Visibility, container registry: Everyone With Access",
    );
  },
} satisfies Checks<DoctorFacts>;

/** Of a fork: whether upstream lets its job tokens in; being on the list may be as a group's member too. */
function judgeLetIn(facts: DoctorFacts): Judgement {
  const { jobTokens } = facts.gitlab;
  const { upstream } = facts.registry;
  if (upstream !== undefined && !isTrouble(upstream))
    return say.ok("upstream's registry lets this pipeline read");
  if (isTrouble(jobTokens)) return unread("upstream's allowlist", jobTokens);
  const here = facts.situation.own?.path ?? "";
  const isIn =
    jobTokens.projects.some(({ path }) => path.toLowerCase() === here) ||
    jobTokens.groups.some(({ path }) => here.startsWith(`${path.toLowerCase()}/`));
  if (jobTokens.limited && !isIn)
    return say.warning("this project is not on upstream's allowlist", "", letInTodo(facts));
  return say.note(
    "upstream lets this project's job tokens in",
    "Who starts pipelines must be a member there.",
  );
}

function letInTodo({ situation }: DoctorFacts): string {
  const here = situation.own?.path ?? "this project";
  return `let a maintainer of upstream add ${here} under Settings > CI/CD > Job token permissions, and make who starts pipelines a member; or open the registry there: Settings > General > Visibility, container registry: Everyone With Access`;
}
