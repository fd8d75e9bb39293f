import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { judge, trouble, withOwn } from "./cases.ts";
import { healthy, inFork } from "./healthy.ts";

function withRights(
  facts: DoctorFacts,
  where: "own" | "upstream",
  rights: NonNullable<DoctorFacts["registry"]["own"]> | readonly ("pull" | "push" | "delete")[],
  askedToWrite = true,
): DoctorFacts {
  const repository = "registry.example.com/qemu-project/qemu/berth";
  const fact = Array.isArray(rights)
    ? {
        repository,
        askedToWrite,
        rights: { kind: "granted", actions: rights, identity: "login" } as const,
      }
    : (rights as NonNullable<DoctorFacts["registry"]["own"]>);
  return { ...facts, registry: { ...facts.registry, [where]: fact } };
}

judge("rights", [
  ["no pull", withRights(healthy, "own", []), "own-rights", "error", /no right to pull/],
  [
    "no push",
    withRights(healthy, "own", ["pull"]),
    "own-rights",
    "error",
    /not push to it.*Developer/s,
  ],
  [
    "no delete",
    withRights(healthy, "own", ["pull", "push"]),
    "own-rights",
    "note",
    /prune --apply/,
  ],
  [
    "nothing pushed yet",
    withRights(healthy, "own", ["pull"], false),
    "own-rights",
    "note",
    /GitLab makes one/,
  ],
  [
    "a refused login",
    withRights(healthy, "own", {
      repository: "r.example.com/a",
      askedToWrite: false,
      rights: { kind: "refused", status: 401, said: "401 UNAUTHORIZED" },
    }),
    "own-rights",
    "error",
    /bans the address/,
  ],
  [
    "a protected repository",
    withRights(healthy, "own", {
      repository: "r.example.com/a",
      askedToWrite: true,
      rights: { kind: "refused", status: 403, said: "403 DENIED" },
    }),
    "own-rights",
    "note",
    /untrusted.*403 DENIED.*try\//s,
  ],
  [
    "a registry that is down",
    withRights(healthy, "own", trouble),
    "own-rights",
    "error",
    /do something: 403/,
  ],
  [
    "an upstream that does not let in",
    withRights(inFork, "upstream", [], false),
    "upstream-rights",
    "warning",
    /built here again.*add jane\/qemu under Settings > CI\/CD/s,
  ],
  [
    "an allowlist with this fork's group",
    {
      ...withRights(inFork, "upstream", [], false),
      gitlab: {
        ...inFork.gitlab,
        jobTokens: { limited: true, projects: [], groups: [{ id: 7, path: "Jane" }] },
      },
    },
    "job-tokens",
    "note",
    /must be a member there/,
  ],
  [
    "an allowlist without this fork",
    withRights(inFork, "upstream", [], false),
    "job-tokens",
    "warning",
    /not on upstream's allowlist/,
  ],
  [
    "a private upstream's allowlist",
    withOwn(healthy, { visibility: "private" }),
    "job-tokens",
    "note",
    /0 projects and 0 groups/,
  ],
]);
