/** A merge request of a fork that ran in upstream, its merge, and what an attacker may push meanwhile. */
import assert from "node:assert/strict";
import { accessOf } from "../../src/gitlab/access.ts";
import { openGitLab } from "../../src/host/gitlab.ts";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository, withTag } from "../../src/oci/reference.ts";
import { triedTag } from "../../src/oci/tags.ts";
import type { PlannedImage } from "../../src/plan/plan.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { annotationsOf, withAnnotations } from "../../src/publish/annotate.ts";
import { client, fakeClock, pushImage, testImage } from "../registry/clients.ts";
import { type Flow, type FlowOptions, planOf, run } from "../support/flow.ts";
import type { MemoryHistory } from "../support/gitlab-history.ts";
import type { JobOptions, TestJob } from "../support/gitlab-jobs.ts";
import type { TestProject, TestRequest } from "../support/gitlab-model.ts";
import { type GitLabOptions, startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import { config } from "../support/keyed.ts";

const dockerfiles = {
  base: "FROM scratch\nRUN make\n",
  child: "FROM qemu/base\nRUN more\n",
};

/** A merge request of a fork, and what upstream's trusted pipeline makes of it. */
export interface Scene {
  readonly gitlab: TestGitLab;
  readonly upstream: TestProject<MemoryHistory>;
  readonly fork: TestProject<MemoryHistory>;
  readonly request: TestRequest;
  /** The merge request's head, which has been merged by moving `main` on to it. */
  readonly head: string;
  options(job: TestJob, change?: Partial<FlowOptions>, env?: Record<string, string>): FlowOptions;
  /** A job of the merge request's pipeline in upstream. */
  tried(options?: JobOptions): TestJob;
  /** Runs the merge request's pipeline in one job, which keeps what it says and ends. */
  inline(job?: TestJob): Promise<Flow>;
  /** The trusted pipeline of the merged commit. */
  merged(env?: Record<string, string>): Promise<Flow>;
}

export async function startScene(settings: GitLabOptions = {}, isPrivate = false) {
  const gitlab = await startGitLab(settings);
  const upstream = gitlab.project("qemu-project/qemu", {
    members: { olga: "maintainer" },
    ...(isPrivate ? { visibility: "private" as const } : {}),
  });
  upstream.history.add("main");
  const fork = gitlab.fork(upstream, "jane/qemu", { members: { jane: "owner" } });
  const head = fork.history.add("topic");
  const request = gitlab.request(fork, "topic", upstream);
  const tried = (options: JobOptions = {}) =>
    gitlab.job(upstream, { request, user: "olga", ...options });
  const all = config({ upstream: "qemu-project" });
  const options: Scene["options"] = (job, change = {}, env = {}) => {
    const variables = { ...job.env, ...env };
    const access = accessOf(variables, "QEMU_CI");
    assert.ok(access);
    const clock = fakeClock();
    const tools = { fetch: globalThis.fetch, clock, random: () => 0, log: () => undefined };
    const commit = variables["CI_COMMIT_SHA"] ?? "";
    const login = { username: "gitlab-ci-token", password: job.token };
    return {
      registry: client(login),
      situation: situationOf(variables, all, undefined),
      config: all,
      dockerfiles,
      revision: commit,
      witnesses: {
        gitlab: async () => ({ port: openGitLab(access, tools), project: upstream.id }),
        hasSameFiles: async (other) => other === commit,
        outcomes: ".berth/outcome",
      },
      ...change,
    };
  };
  const scene: Scene = {
    gitlab,
    upstream,
    fork,
    request,
    head,
    options,
    tried,
    async inline(job = tried()) {
      const flow = await run(options(job));
      keep(job, flow);
      job.finish();
      return flow;
    },
    async merged(env = {}) {
      upstream.history.point("main", head);
      request.state = "merged";
      const job = gitlab.job(upstream, { user: "olga", sha: head });
      gitlab.log.length = 0;
      gitlab.registry.log.length = 0;
      return run(options(job, {}, env));
    },
  };
  return scene;
}

export function keep(job: TestJob, { outcomes }: Pick<Flow, "outcomes">): void {
  for (const outcome of outcomes)
    job.keep(`.berth/outcome/${outcome.name}.json`, JSON.stringify(outcome));
}

export function kinds({ plan }: Pick<Flow, "plan">): Record<string, string> {
  return Object.fromEntries(plan.images.map(({ name, decision }) => [name, decision.kind]));
}

export const bothBuilt = { base: "build", child: "build" };

/** The lines that say why something was not adopted. */
export function doubts({ plan }: Pick<Flow, "plan">): readonly string[] {
  return plan.warnings.filter((line) => line.includes("not adopted"));
}

/** Pushes an image under the `try-` tag of a planned one, with annotations as the attacker likes. */
export async function forge(
  scene: Scene,
  planned: PlannedImage,
  job: TestJob,
  claim: { readonly job: number | string; readonly pipeline: number },
) {
  const { registry, situation, revision } = scene.options(job);
  const repository = parseRepository(planned.repository ?? "");
  const image = testImage(`forged ${planned.name} ${claim.job}`);
  await pushImage(registry, repository, image, triedTag(ownTags.built));
  const said = { ...situation, job: String(claim.job), pipeline: String(claim.pipeline) };
  const annotations = annotationsOf(planned, said, {
    revision: revision ?? null,
    created: new Date("2026-11-20T12:00:00Z"),
    base: undefined,
    bases: [],
    engine: "buildah",
  });
  const manifest = withAnnotations(image.manifest, annotations);
  assert.ok(manifest);
  await registry.put(withTag(repository, triedTag(ownTags.key(planned.key))), manifest);
  return manifest.descriptor.digest;
}

export async function plannedIn(scene: Scene, job: TestJob): Promise<readonly PlannedImage[]> {
  return (await planOf(scene.options(job))).plan.images;
}
