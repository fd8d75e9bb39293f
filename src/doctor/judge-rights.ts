/** May the login do what this pipeline is going to do? */
import { printRepository } from "../oci/reference.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import {
  type DoctorFacts,
  failing,
  isFork,
  isTrouble,
  type Judgement,
  judgement,
  note,
  ok,
  type RightsFacts,
  unread,
  warning,
} from "./facts.ts";

const jobTokenRule =
  "A CI job token acts for who started the pipeline and writes in its own project only; it takes the role Developer, and more where repositories or tags are protected.";

export function judgeOwnRights({ situation, registry }: DoctorFacts): Judgement {
  const { own } = registry;
  if (own === undefined) return note("not checked: no registry is known");
  if (isTrouble(own)) return failing("the registry cannot be asked", own.trouble, own.todo);
  const { rights, repository, askedToWrite } = own;
  if (rights.kind === "unsaid") return note(`cannot be told: ${rights.why}`, repository);
  if (rights.kind === "refused") return refusedVerdict(own, rights.status, rights.said);
  const has = (action: "pull" | "push" | "delete"): boolean => rights.actions.includes(action);
  const bad = situation.ci ? "error" : "warning";
  if (!has("pull")) {
    const todo =
      "log in to this registry (docker login), or check CI_REGISTRY_USER and CI_REGISTRY_PASSWORD";
    return judgement(bad, `no right to pull from ${repository}`, "", todo);
  }
  if (!askedToWrite) {
    const detail = `No repository exists below this base yet, and GitLab makes one of whoever asks to push. ${jobTokenRule}`;
    return note(`may pull from ${repository}; writing was not asked about`, detail);
  }
  if (!has("push")) {
    const todo =
      "let somebody with the role Developer or more start the pipeline, or log in as such";
    return judgement(bad, `may read ${repository}, not push to it`, jobTokenRule, todo);
  }
  if (!has("delete")) {
    return note(
      `may pull from and push to ${repository}`,
      "Without the right to delete `berth prune --apply` cannot work.",
    );
  }
  return ok(`may pull from, push to and delete in ${repository}`);
}

function refusedVerdict(
  { repository, askedToWrite }: RightsFacts,
  status: number,
  said: string,
): Judgement {
  if (status === 403 && askedToWrite) {
    return note(
      `${repository} is protected from this login, so what its pipelines build is untrusted`,
      `${said}\nIt goes to ${triedRepositoryName}/ below the project's registry, which only untrusted pipelines read.`,
    );
  }
  const todo =
    "check the login before trying again: after some failures GitLab bans the address for an hour";
  return failing(`the login for ${repository} is refused`, said, todo);
}

export function judgeUpstreamRights(facts: DoctorFacts): Judgement {
  const { situation, registry } = facts;
  const { upstream } = registry;
  if (situation.upstream === undefined || upstream === undefined)
    return ok("not needed: only the own registry is read");
  const base = printRepository(situation.upstream);
  if (isTrouble(upstream))
    return warning(`${base} cannot be asked`, upstream.trouble, upstream.todo);
  const { rights } = upstream;
  if (rights.kind === "unsaid") return note(`cannot be told: ${rights.why}`, base);
  if (rights.kind === "granted" && rights.actions.includes("pull")) {
    const detail =
      rights.identity === "anonymous" ? "As anybody may: the login itself is refused there." : "";
    return ok(`may pull from ${base}`, detail);
  }
  const said = rights.kind === "refused" ? `${rights.said}\n` : "";
  return warning(
    `may not pull from ${base}: images that upstream has are built here again`,
    `${said}A private project lets in the job tokens on its allowlist, for users who are members.`,
    letInTodo(facts),
  );
}

export function judgeJobTokens(facts: DoctorFacts): Judgement {
  const { gitlab } = facts;
  const { jobTokens } = gitlab;
  if (isFork(facts.situation)) return judgeLetIn(facts);
  const own = isTrouble(gitlab.own) ? undefined : gitlab.own;
  if (own?.visibility === "public" && own.registry === "enabled")
    return ok("everybody, so every fork too, may read this project's images");
  if (own === undefined || isTrouble(jobTokens) || jobTokens === undefined)
    return unread("which forks may read this project's images", jobTokens);
  const text = `${jobTokens.projects.length} projects and ${jobTokens.groups.length} groups`;
  if (!jobTokens.limited)
    return note("job tokens of every project come in, for users who are members");
  return note(
    `job tokens of ${text} come in`,
    "Forks that are not among them cannot read the images and build their own.",
    "for forks that shall reuse images: Settings > CI/CD > Job token permissions, or Settings > General > Visibility, container registry: Everyone With Access",
  );
}

/** Of a fork: whether upstream lets its job tokens in; being on the list may be as a group's member too. */
function judgeLetIn(facts: DoctorFacts): Judgement {
  const { situation, gitlab, registry } = facts;
  const { jobTokens } = gitlab;
  const { upstream } = registry;
  const reads =
    upstream !== undefined &&
    !isTrouble(upstream) &&
    upstream.rights.kind === "granted" &&
    upstream.rights.actions.includes("pull");
  if (reads) return ok("upstream's registry lets this pipeline read");
  if (isTrouble(jobTokens) || jobTokens === undefined)
    return unread("upstream's allowlist", jobTokens);
  const here = situation.own?.path ?? "";
  const isIn =
    jobTokens.projects.some(({ path }) => path.toLowerCase() === here) ||
    jobTokens.groups.some(({ path }) => here.startsWith(`${path.toLowerCase()}/`));
  if (jobTokens.limited && !isIn)
    return warning("this project is not on upstream's allowlist", "", letInTodo(facts));
  const detail = "Who starts pipelines must be a member there.";
  return note("upstream lets this project's job tokens in", detail);
}

function letInTodo({ situation }: DoctorFacts): string {
  const here = situation.own === undefined ? "this project" : situation.own.path;
  return `let a maintainer of upstream add ${here} under Settings > CI/CD > Job token permissions, and make who starts pipelines a member; or open the registry there: Settings > General > Visibility, container registry: Everyone With Access`;
}
