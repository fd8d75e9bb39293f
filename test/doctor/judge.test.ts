import assert from "node:assert/strict";
import { test } from "node:test";
import { type DoctorFacts, readVariables } from "../../src/doctor/facts.ts";
import { type ForeignPlatform, gatherMachine } from "../../src/doctor/machine.ts";
import type { RightsFacts } from "../../src/doctor/rights.ts";
import type { TagRule } from "../../src/gitlab/answers.ts";
import { config, jobEnv } from "../support/keyed.ts";
import { but, judge, trouble, withOwn } from "./cases.ts";
import { healthy, inFork } from "./healthy.ts";

/** What a job with more variables sees. */
function withVariables(more: Record<string, string>, facts = healthy): DoctorFacts {
  const env = jobEnv("qemu-project/qemu", { CI_SERVER_HOST: "gitlab.com", ...more });
  return { ...facts, ...readVariables(env, facts.config, undefined) };
}

function withImages(count: number, more: Parameters<typeof but>[1] = {}): DoctorFacts {
  const images = Array.from({ length: count }, (_, index) => `image${index}`);
  return but(healthy, { project: { images }, ...more });
}

const asUpstream = { role: "upstream", upstream: undefined } as const;

judge("the project and its variables", [
  [
    "a configuration with mistakes",
    but(healthy, { project: { configuration: trouble } }),
    "configuration is error",
    /do something: 403.*give a token/s,
  ],
  [
    "keys that cannot be computed",
    but(healthy, { project: { identified: trouble } }),
    "images is error",
    /do something/,
  ],
  ["a project without images", withImages(0), "images is warning", /name the Dockerfiles/],
  [
    "warnings about Dockerfiles",
    but(healthy, { project: { warnings: ["a.docker:1:1: so"] } }),
    "images is warning",
    /1 warning.*a\.docker:1:1/s,
  ],
  [
    "more images than variables",
    withImages(60),
    "dotenv is error",
    /60 variables.*reference: tag/s,
  ],
  [
    "more bytes than a report may have",
    withImages(45),
    "dotenv is error",
    /more than 50 variables and 5120 bytes/,
  ],
  [
    "many images on a self-managed GitLab",
    withImages(21, { situation: { server: "gitlab.example.com" } }),
    "dotenv is warning",
    /dotenv_variables/,
  ],
  [
    "many images with one set",
    withImages(60, { config: { reference: "tag" } }),
    "dotenv is ok",
    /two variables/,
  ],
  [
    "a registry that is off",
    withOwn(healthy, { registry: "disabled" }),
    "registry is error",
    /switch on the container registry/,
  ],
  [
    "a job without CI_REGISTRY_IMAGE",
    but(healthy, { situation: { own: undefined } }),
    "registry is error",
    /CI_REGISTRY_IMAGE is not set/,
  ],
  [
    "a registry base that is none",
    withVariables({ CI_REGISTRY_IMAGE: "NOT A BASE" }),
    "registry is error",
    /cannot be read/,
  ],
  [
    "a fork that names no upstream",
    but(inFork, { situation: asUpstream }),
    "upstream is warning",
    /fork of qemu-project\/qemu.*QEMU_CI_UPSTREAM/s,
  ],
  [
    "a variable that names another project in upstream",
    withVariables({ QEMU_CI_UPSTREAM: "mallory" }),
    "upstream is warning",
    /names another project and is ignored.*no variable changes that/s,
  ],
  [
    "an upstream that leads nowhere",
    withVariables(
      { QEMU_CI_UPSTREAM: "not a path" },
      { ...healthy, config: config({ upstream: undefined }) },
    ),
    "registry is error",
    /not a path/,
  ],
  [
    "an upstream that GitLab does not know",
    but(inFork, { gitlab: { upstream: undefined } }),
    "upstream is note",
    /no project of that path/,
  ],
  [
    "a tag of the user's own",
    withVariables({ QEMU_CI_CONTAINER_TAG: "mine" }),
    "container-tag is warning",
    /is set to mine.*take QEMU_CI_CONTAINER_TAG out/s,
  ],
  [
    "a left-over latest",
    withVariables({ QEMU_CI_CONTAINER_TAG: "latest" }),
    "container-tag is error",
    /moved by `promote` alone/,
  ],
  [
    "everything forced",
    withVariables({ QEMU_CI_FORCE_REBUILD: "1" }),
    "force-rebuild is warning",
    /every image/,
  ],
  [
    "one image forced",
    withVariables({ QEMU_CI_FORCE_REBUILD: "debian" }),
    "force-rebuild is warning",
    /asks for debian/,
  ],
  [
    "a forced image that is none",
    withVariables({ QEMU_CI_FORCE_REBUILD: "debian, debain" }),
    "force-rebuild is error",
    /names debain: no such image.*debian, fedora/s,
  ],
]);

/** The facts with another answer of a registry, or with what it grants. */
function registry(own: DoctorFacts["registry"]["own"]): DoctorFacts {
  return but(healthy, { registry: { own } });
}

function granted(actions: readonly ("pull" | "push" | "delete")[], askedToWrite = true) {
  const rights = { kind: "granted", actions, identity: "login" } as const;
  return { repository: "r.example.com/a", askedToWrite, rights };
}

function refused(status: number, said: string, askedToWrite: boolean): RightsFacts {
  return { repository: "r.example.com/a", askedToWrite, rights: { kind: "refused", status, said } };
}

const shutOut = but(inFork, { registry: { upstream: granted([], false) } });
const group = { limited: true, projects: [], groups: [{ id: 7, path: "Jane" }] };

judge("rights", [
  ["no pull", registry(granted([])), "own-rights is error", /no right to pull/],
  ["no push", registry(granted(["pull"])), "own-rights is error", /not push to it.*Developer/s],
  ["no delete", registry(granted(["pull", "push"])), "own-rights is note", /prune --apply/],
  [
    "nothing pushed yet",
    registry(granted(["pull"], false)),
    "own-rights is note",
    /GitLab makes one/,
  ],
  [
    "a refused login",
    registry(refused(401, "401 UNAUTHORIZED", false)),
    "own-rights is error",
    /bans the address/,
  ],
  [
    "a protected repository",
    registry(refused(403, "403 DENIED", true)),
    "own-rights is note",
    /untrusted.*403 DENIED.*try\//s,
  ],
  ["a registry that is down", registry(trouble), "own-rights is error", /do something: 403/],
  [
    "an upstream that does not let in",
    shutOut,
    "upstream-rights is warning",
    /built here again.*add jane\/qemu under Settings > CI\/CD/s,
  ],
  [
    "an allowlist with this fork's group",
    but(shutOut, { gitlab: { jobTokens: group } }),
    "job-tokens is note",
    /must be a member there/,
  ],
  [
    "an allowlist without this fork",
    shutOut,
    "job-tokens is warning",
    /not on upstream's allowlist/,
  ],
  [
    "a private upstream's allowlist",
    withOwn(healthy, { visibility: "private" }),
    "job-tokens is note",
    /0 projects and 0 groups/,
  ],
]);

function tagRules(...patterns: readonly string[]): readonly TagRule[] {
  const [push, remove] = ["maintainer", "maintainer"];
  return patterns.map((pattern, id) => ({ id, pattern, push, delete: remove }));
}

function withTags(...patterns: readonly string[]): DoctorFacts {
  return but(healthy, { gitlab: { tagRules: tagRules(...patterns) } });
}

function withPaths(...patterns: readonly string[]): DoctorFacts {
  const pathRules = patterns.map((pattern) => ({ pattern, push: "maintainer" }));
  return but(healthy, { gitlab: { pathRules } });
}

function withCleanup(deletes: string, keeps?: string, facts = healthy): DoctorFacts {
  const cleanup = { enabled: true, keepNewest: 5, olderThan: "90d", deletes, keeps };
  return withOwn(facts, { cleanup });
}

const noDeletions = { pattern: "qemu-project/qemu/*", push: undefined };
const frozen = { id: 9, pattern: "^key", push: undefined, delete: undefined };
const unknownTags = but(healthy, { gitlab: { tagRules: trouble } });
const version = (serverVersion: string) => but(healthy, { variables: { serverVersion } });

judge("GitLab's settings", [
  [
    "a fork's clone on a person's machine",
    but(inFork, { situation: { ci: false, role: "local" } }),
    "protected-paths is ok",
    /not needed in a fork/,
  ],
  [
    "no repository protected",
    withPaths(),
    "protected-paths is warning",
    /put any image.*open: qemu-project\/qemu\/berth.*push for Maintainers: qemu-project\/qemu/s,
  ],
  [
    "a record that anybody may write",
    withPaths("qemu-project/qemu/debian", "qemu-project/qemu/fedora"),
    "protected-paths is warning",
    /open: qemu-project\/qemu\/berth\n/,
  ],
  [
    "a rule for everything below the project",
    withPaths("qemu-project/qemu/*"),
    "protected-paths is warning",
    /cover try\/ too.*let the rules be qemu-project\/qemu\/debian and/s,
  ],
  [
    "a rule that stops deletions alone",
    but(healthy, { gitlab: { pathRules: [noDeletions] } }),
    "protected-paths is warning",
    /put any image.*push: any Developer/s,
  ],
  ["the rules that doctor prints", healthy, "protected-paths is ok", /are protected, try\/ is not/],
  [
    "path rules that the token may not read",
    but(healthy, { gitlab: { pathRules: trouble } }),
    "protected-paths is warning",
    /could not be read.*give a token.*push for Maintainers/s,
  ],
  [
    "no rule",
    withTags(),
    "protected-tags is note",
    /delete promoted tags.*\^\(promote-\|latest\$\)/s,
  ],
  [
    "a rule for everything",
    withTags(".*"),
    "protected-tags is warning",
    /shuts out every Developer's pipeline.*below try\/ too: key2-/s,
  ],
  [
    "several rules that together do",
    withTags("^promote-", "^latest"),
    "protected-tags is ok",
    /are protected/,
  ],
  [
    "one rule of several for immutable tags",
    but(healthy, { gitlab: { tagRules: [frozen, ...tagRules("^promote-", "^latest")] } }),
    "protected-tags is warning",
    /immutable tags.*neither refreshed, promoted nor pruned.*name a role/s,
  ],
  [
    "rules that the token may not read",
    unknownTags,
    "protected-tags is note",
    /give a token.*tag name pattern \^\(promote-/s,
  ],
  [
    "a cleanup of everything",
    withCleanup(".*", "latest", unknownTags),
    "cleanup is error",
    /would delete key2-.*let it keep \(key\|set\)/s,
  ],
  [
    "a cleanup that keeps what is printed",
    withCleanup(".*", "(key|set).*|promote-.*|cache.*|latest|[0-9a-f]{64}", unknownTags),
    "cleanup is ok",
    /leaves our tags alone/,
  ],
  [
    "a cleanup policy that a stranger does not see",
    withOwn(healthy, { registry: undefined, cleanup: undefined }),
    "cleanup is note",
    /QEMU_CI_GITLAB_TOKEN/,
  ],
  ["an unreadable cleanup", withCleanup("("), "cleanup is warning", /could not be read/],
  [
    "a cleanup that protected tags stop",
    withCleanup(".*", undefined, withTags(".*")),
    "cleanup is ok",
    /leaves our tags alone/,
  ],
  [
    "merge requests of forks that run here",
    withOwn(healthy, { forkPipelines: true }),
    "fork-pipelines is warning",
    /ci_allow_fork_pipelines/,
  ],
  [
    "an old GitLab",
    version("16.11.2"),
    "gitlab-version is error",
    /lacks the component.*18\.7 or later/s,
  ],
  [
    "a GitLab without protected repositories",
    version("17.8.0"),
    "gitlab-version is warning",
    /lacks protected container repositories/,
  ],
]);

function withBuildah(version: string): DoctorFacts {
  return but(healthy, { machine: { engines: [{ name: "buildah", version }] } });
}

function withForeign(...handlers: readonly ForeignPlatform["handler"][]): DoctorFacts {
  const names = ["linux/arm64", "linux/s390x"];
  const foreign = handlers.map((handler, at) => ({ platform: names[at] ?? "", handler }));
  return but(healthy, { machine: { foreign } });
}

const clone = (...promotes: readonly string[]) =>
  but(healthy, { clone: { shallow: true, promotes } });

judge("machine and clone", [
  ["one platform, the machine's", healthy, "emulation is ok", /no image/],
  ["a platform that is emulated", withForeign("held"), "emulation is ok", /starts .*arm64/],
  [
    "a platform that nothing starts, beside one",
    withForeign("held", "none"),
    "emulation is warning",
    /nothing here starts programs of linux\/s390x.*exec format error.*qemu-user-static/s,
  ],
  [
    "a handler that is not held open",
    withForeign("open"),
    "emulation is warning",
    /arm64 works outside of containers only.*flag F/s,
  ],
  ["a container that sees no handlers", withForeign("unknown"), "emulation is note", /arm64/],
  ["buildah 1.44", withBuildah("1.44.0"), "engine is warning", /overlay/],
  ["buildah 2.0", withBuildah("2.0.1"), "engine is warning", /overlay/],
  ["buildah 1.39", withBuildah("1.39.3"), "engine is ok", /answers/],
  [
    "a host whose AppArmor forbids mounts in user namespaces",
    but(healthy, { machine: { restrictsNamespaces: true } }),
    "engine is ok",
    /apparmor_restrict_unprivileged_userns is 1/,
  ],
  ["buildah 1.28", withBuildah("1.28.2"), "engine is note", /no heredocs .*one layer cache/s],
  ["buildah 1.34", withBuildah("1.34.0"), "engine is note", /^(?!.*heredocs).*bind mounts/s],
  [
    "no engine",
    but(healthy, { machine: { engines: [{ name: "buildah", version: trouble }] } }),
    "engine is error",
    /buildah: do something.*give a token/s,
  ],
  ["the umask of GitLab's runners", healthy, "umask is ok", /0000, which makes no .*canonical/s],
  ["a shallow clone that promotes", clone("latest"), "clone is note", /GIT_DEPTH/],
  ["a shallow clone of a topic branch", clone(), "clone is ok", /enough/],
]);

test("a handler is what the kernel says of it, and unknown where it says nothing", async () => {
  const kernel = new Map([
    ["status", "enabled"],
    ["qemu-aarch64", "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: POCF\noffset 0\n"],
    ["qemu-arm", "enabled\ninterpreter /usr/bin/qemu-arm\nflags: OC\noffset 0\n"],
    ["qemu-s390x", "disabled\ninterpreter /usr/bin/qemu-s390x-static\nflags: F\n"],
  ]);
  const folder = "/proc/sys/fs/binfmt_misc/";
  const asked = ["linux/arm64", "linux/arm/v7", "linux/s390x", "linux/riscv64"];
  const handlers = async (files: ReadonlyMap<string, string>) => {
    const read = async (path: string) => {
      const text = path.startsWith(folder) ? files.get(path.slice(folder.length)) : undefined;
      return text === undefined ? undefined : Buffer.from(text);
    };
    const { foreign } = await gatherMachine([], { read }, asked);
    return foreign.map(({ handler }) => handler);
  };
  assert.deepEqual(await handlers(kernel), ["held", "open", "none", "none"]);
  assert.deepEqual(new Set(await handlers(new Map())), new Set(["unknown"]));
});
