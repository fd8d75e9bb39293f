import assert from "node:assert/strict";
import { test } from "node:test";
import { type DoctorFacts, readVariables } from "../../src/doctor/facts.ts";
import type { Trouble } from "../../src/doctor/judgement.ts";
import { type ForeignPlatform, gatherMachine } from "../../src/doctor/machine.ts";
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

judge("configuration", [
  ["error", /do something: 403.*give a token/s, { project: { configuration: trouble } }],
]);

judge("images", [
  ["error", /do something/, { project: { identified: trouble } }],
  ["warning", /name the Dockerfiles/, withImages(0)],
  ["warning", /1 warning.*a\.docker:1:1/s, { project: { warnings: ["a.docker:1:1: so"] } }],
]);

judge("dotenv", [
  ["error", /60 variables.*reference: tag/s, withImages(60)],
  ["error", /more than 50 variables and 5120 bytes/, withImages(45)],
  ["warning", /dotenv_variables/, withImages(21, { situation: { server: "gitlab.example.com" } })],
  ["ok", /two variables/, withImages(60, { config: { reference: "tag" } })],
]);

const ofNobody = { ...healthy, config: config({ upstream: undefined }) };

judge("registry", [
  ["error", /switch on the container registry/, withOwn(healthy, { registry: "disabled" })],
  ["error", /CI_REGISTRY_IMAGE is not set/, { situation: { own: undefined } }],
  ["error", /cannot be read/, withVariables({ CI_REGISTRY_IMAGE: "NOT A BASE" })],
  ["error", /not a path/, withVariables({ QEMU_CI_UPSTREAM: "not a path" }, ofNobody)],
]);

judge("upstream", [
  [
    "warning",
    /fork of qemu-project\/qemu.*QEMU_CI_UPSTREAM/s,
    but(inFork, { situation: asUpstream }),
  ],
  [
    "warning",
    /names another project and is ignored.*no variable changes that/s,
    withVariables({ QEMU_CI_UPSTREAM: "mallory" }),
  ],
  ["note", /no project of that path/, but(inFork, { gitlab: { upstream: undefined } })],
]);

const withTag = (tag: string) => withVariables({ QEMU_CI_CONTAINER_TAG: tag });
const forcing = (images: string) => withVariables({ QEMU_CI_FORCE_REBUILD: images });

judge("container-tag", [
  ["warning", /is set to mine.*take QEMU_CI_CONTAINER_TAG out/s, withTag("mine")],
  ["error", /moved by `promote` alone/, withTag("latest")],
]);

judge("force-rebuild", [
  ["warning", /every image/, forcing("1")],
  ["warning", /asks for debian/, forcing("debian")],
  ["error", /names debain: no such image.*debian, fedora/s, forcing("debian, debain")],
]);

/** The facts with another answer of a registry, or with what it grants. */
function registry(own: DoctorFacts["registry"]["own"]): DoctorFacts {
  return but(healthy, { registry: { own } });
}

function refused(push?: string, remove = push): DoctorFacts {
  return registry({ repository: "r.example.com/a", refused: { push, delete: remove } });
}

const denied = { trouble: "list tags of r: 403 DENIED", todo: "check", code: "REGISTRY_DENIED" };
const shutOut = but(inFork, { registry: { upstream: denied as Trouble } });
const person = { ...registry(trouble), situation: { ...healthy.situation, ci: false } };
const group = { limited: true, projects: [], groups: [{ id: 7, path: "Jane" }] };

judge("own-rights", [
  ["error", /not push to it.*does not grant push.*Developer/s, refused("it does not grant push")],
  ["note", /prune --apply/, refused(undefined, "it does not grant delete")],
  ["note", /GitLab makes one/, registry({ repository: "r.example.com/a", refused: undefined })],
  ["note", /untrusted.*403 DENIED.*try\//s, refused("403 DENIED")],
  ["error", /cannot be read.*do something: 403/s, registry(trouble)],
  ["warning", /cannot be read.*do something: 403/s, person],
]);

judge("upstream-rights", [
  ["warning", /built here again.*403 DENIED.*add jane\/qemu under Settings > CI\/CD/s, shutOut],
  ["warning", /cannot be asked.*give a token/s, but(inFork, { registry: { upstream: trouble } })],
]);

judge("job-tokens", [
  ["note", /must be a member there/, but(shutOut, { gitlab: { jobTokens: group } })],
  ["warning", /not on upstream's allowlist/, shutOut],
  ["note", /0 projects and 0 groups/, withOwn(healthy, { visibility: "private" })],
]);

function tagRules(...patterns: readonly string[]): readonly TagRule[] {
  const [push, remove] = ["maintainer", "maintainer"];
  return patterns.map((pattern, id) => ({ id, pattern, push, delete: remove }));
}

function withTags(...patterns: readonly string[]): DoctorFacts {
  return but(healthy, { gitlab: { tagRules: tagRules(...patterns) } });
}

function withPaths(...names: readonly string[]): DoctorFacts {
  const rule = (name: string) => ({ pattern: `qemu-project/qemu/${name}`, push: "maintainer" });
  const pathRules = names.map(rule);
  return but(healthy, { gitlab: { pathRules } });
}

function withCleanup(deletes: string, keeps?: string, facts = healthy): DoctorFacts {
  const cleanup = { enabled: true, keepNewest: 5, olderThan: "90d", deletes, keeps };
  return withOwn(facts, { cleanup });
}

const noDeletions = { pattern: "qemu-project/qemu/*", push: undefined };
const frozen = { id: 9, pattern: "^key", push: undefined, delete: undefined };
const unknownTags = but(healthy, { gitlab: { tagRules: trouble } });

judge("protected-paths", [
  ["ok", /not needed in a fork/, but(inFork, { situation: { ci: false, role: "local" } })],
  [
    "warning",
    /put any image.*open: qemu-project\/qemu\/berth.*push for Maintainers: qemu-project\/qemu/s,
    withPaths(),
  ],
  ["warning", /open: qemu-project\/qemu\/berth\n/, withPaths("debian", "fedora")],
  ["warning", /cover try\/ too.*let the rules be qemu-project\/qemu\/debian and/s, withPaths("*")],
  ["warning", /put any image.*push: any Developer/s, { gitlab: { pathRules: [noDeletions] } }],
  ["ok", /are protected, try\/ is not/, healthy],
  [
    "warning",
    /could not be read.*give a token.*push for Maintainers/s,
    { gitlab: { pathRules: trouble } },
  ],
]);

judge("protected-tags", [
  ["note", /delete promoted tags.*\^\(latest\$\)/s, withTags()],
  ["warning", /shuts out every Developer's pipeline.*below try\/ too: key2-/s, withTags(".*")],
  ["ok", /are protected/, withTags("^latest")],
  [
    "warning",
    /immutable tags.*neither refreshed, promoted nor pruned.*name a role/s,
    { gitlab: { tagRules: [frozen, ...tagRules("^latest")] } },
  ],
  ["note", /give a token.*tag name pattern \^\(latest\$/s, unknownTags],
]);

const ours = "(key|set).*|cache.*|latest|[0-9a-f]{64}";

judge("cleanup", [
  [
    "error",
    /would delete key2-.*let it keep \(key\|set\)/s,
    withCleanup(".*", "latest", unknownTags),
  ],
  ["ok", /leaves our tags alone/, withCleanup(".*", ours, unknownTags)],
  ["note", /QEMU_CI_GITLAB_TOKEN/, withOwn(healthy, { registry: undefined, cleanup: undefined })],
  ["warning", /could not be read/, withCleanup("(")],
  ["ok", /leaves our tags alone/, withCleanup(".*", undefined, withTags(".*"))],
]);

judge("fork-pipelines", [
  ["warning", /ci_allow_fork_pipelines/, withOwn(healthy, { forkPipelines: true })],
]);

function withBuildah(version: string | typeof trouble): DoctorFacts {
  return but(healthy, { machine: { engines: [{ name: "buildah", version }] } });
}

function withForeign(...handlers: readonly ForeignPlatform["handler"][]): DoctorFacts {
  const names = ["linux/arm64", "linux/s390x"];
  const foreign = handlers.map((handler, at) => ({ platform: names[at] ?? "", handler }));
  return but(healthy, { machine: { foreign } });
}

judge("emulation", [
  ["ok", /no image/, healthy],
  ["ok", /starts .*arm64/, withForeign("held")],
  [
    "warning",
    /nothing here starts programs of linux\/s390x.*exec format error.*qemu-user-static/s,
    withForeign("held", "none"),
  ],
  ["warning", /arm64 works outside of containers only.*flag F/s, withForeign("open")],
  ["note", /arm64/, withForeign("unknown")],
]);

judge("engine", [
  ["warning", /overlay/, withBuildah("1.44.0")],
  ["warning", /overlay/, withBuildah("2.0.1")],
  ["ok", /answers/, withBuildah("1.39.3")],
  ["ok", /apparmor_restrict_unprivileged_userns is 1/, { machine: { restrictsNamespaces: true } }],
  ["note", /no heredocs .*one layer cache/s, withBuildah("1.28.2")],
  ["note", /^(?!.*heredocs).*bind mounts/s, withBuildah("1.34.0")],
  ["error", /buildah: do something.*give a token/s, withBuildah(trouble)],
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
