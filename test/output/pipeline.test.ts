import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import {
  childPipeline,
  type PipelineOptions,
  printPipeline,
  tooManyJobs,
} from "../../src/output/pipeline.ts";
import { plain } from "../../src/pipelines/tree.ts";
import { readYaml } from "../../src/pipelines/yaml.ts";
import type { Decision, PlannedImage } from "../../src/plan/plan.ts";
import {
  toBuild as build,
  pipelineOptions,
  plannedImage,
  planWith,
  someDigest,
  toReuse,
} from "../support/keyed.ts";

const options: PipelineOptions = {
  ...pipelineOptions,
  parentPipeline: "77",
  planJob: "plan",
  image: "r.example/berth:1",
  buildImage: "r.example/berth-buildah:1",
  tags: ["linux"],
};
const planJob = { pipeline: "77", job: "plan" };
const reuse = toReuse(`r.example/x@${someDigest}`);

function pipeline(
  images: readonly PlannedImage[],
  change: Partial<PipelineOptions> = {},
): Record<string, Record<string, unknown>> {
  const text = printPipeline(childPipeline(planWith(images), { ...options, ...change }));
  // As GitLab reads it.
  return parse(text, { version: "1.1" }) as Record<string, Record<string, unknown>>;
}

const jobsOf = (found: Record<string, unknown>): string[] =>
  Object.keys(found).filter((name) => name.startsWith("berth "));

describe("the child pipeline", () => {
  test("has a job even where nothing is to be built", () => {
    const found = pipeline([plannedImage("debian", reuse)]);
    assert.deepEqual(jobsOf(found), ["berth publish"]);
    assert.deepEqual(found["berth publish"]?.["needs"], [{ pipeline: "77", job: "plan" }]);
  });

  test("is one job that asks for nothing where all is done", () => {
    const found = pipeline([plannedImage("debian", reuse)], { isPublished: true });
    const { image, needs, artifacts, variables } = found["berth idle"] ?? {};
    assert.deepEqual(jobsOf(found), ["berth idle"]);
    assert.deepEqual(image, { name: "r.example/berth:1", entrypoint: [""] });
    const given = [needs, artifacts, variables];
    assert.deepEqual(given, [undefined, undefined, { GIT_STRATEGY: "none" }]);
  });

  test("builds parents first and waits for those that are built, not for those that exist", () => {
    const child = plannedImage("child", build, { parents: ["base", "there"] });
    const found = pipeline([child, plannedImage("base", build), plannedImage("there", reuse)]);
    const names = ["berth build base", "berth build child", "berth publish", "berth report"];
    assert.deepEqual(jobsOf(found), names);
    const needs = [planJob, { job: "berth build base", artifacts: false }];
    assert.deepEqual(found["berth build child"]?.["needs"], needs);
    assert.deepEqual(found["berth build child"]?.["script"], ["berth build child"]);
  });

  test("builds what two names mean once, and what is built upon either waits for that", () => {
    const same: Decision = { kind: "build", because: { code: "same", as: "a" } };
    const child = plannedImage("child", build, { parents: ["b"] });
    const found = pipeline([child, plannedImage("b", same), plannedImage("a", build)]);
    assert.deepEqual(jobsOf(found).slice(0, 2).sort(), ["berth build a", "berth build child"]);
    const needs = [planJob, { job: "berth build a", artifacts: false }];
    assert.deepEqual(found["berth build child"]?.["needs"], needs);
  });

  test("gives every job a rule for parent_pipeline, literal values and retries of weather only", () => {
    const found = pipeline([plannedImage("debian", build)], {
      flags: ["--config", "ci/my berth.yml"],
    });
    for (const name of jobsOf(found)) {
      const job = found[name] as Record<string, unknown>;
      const rule = { if: '$CI_PIPELINE_SOURCE == "parent_pipeline"' };
      const onFailure = name === "berth report" ? { when: "on_failure" } : {};
      assert.deepEqual(job["rules"], [{ ...rule, ...onFailure }]);
      const image = name.startsWith("berth build ") ? "berth-buildah:1" : "berth:1";
      assert.deepEqual(job["image"], { name: `r.example/${image}`, entrypoint: [""] });
      assert.deepEqual(job["tags"], ["linux"]);
      assert.deepEqual((job["retry"] as { exit_codes: number[] }).exit_codes, [75]);
      assert.match((job["script"] as string[])[0] ?? "", / --config 'ci\/my berth\.yml'$/);
    }
  });

  test("builds each platform on runners with its tags, and does all else on others", () => {
    const of = (platform: string) =>
      plannedImage(`debian@${platform}`, build, { platform: `linux/${platform}` });
    const platformTags = new Map([["linux/arm64", ["aarch64", "big"]]]);
    const found = pipeline([of("amd64"), of("arm64")], { platformTags });
    const tags = jobsOf(found).map((name) => [name, found[name]?.["tags"]]);
    assert.deepEqual(tags, [
      ["berth build debian@amd64", ["linux"]],
      ["berth build debian@arm64", ["aarch64", "big"]],
      ["berth publish", ["linux"]],
      ["berth report", ["linux"]],
    ]);
  });

  test("says what failed where publishing was not come to", () => {
    const found = pipeline([plannedImage("debian", build)]);
    const [publish, report] = [found["berth publish"], found["berth report"]];
    assert.equal(report?.["needs"], undefined);
    assert.equal(report?.["stage"], publish?.["stage"]);
    assert.deepEqual(report?.["script"], ["berth report"]);
    const files = { paths: [".berth/"], reports: { junit: ".berth/junit.xml" } };
    assert.deepEqual(report?.["artifacts"], { ...files, when: "always", expire_in: "1 week" });
  });

  test("hands on variables literally, and gives a daemon and a timeout to builds alone", () => {
    const found = pipeline([plannedImage("a", build)], {
      docker: "docker:28-dind",
      timeout: "3h",
      variables: { BERTH_INPUT_PREFIX: "QEMU_CI", QEMU_CI_UPSTREAM: "a$b" },
    });
    assert.deepEqual(found["variables"], {
      BERTH_INPUT_PREFIX: { value: "QEMU_CI", expand: false },
      QEMU_CI_UPSTREAM: { value: "a$b", expand: false },
    });
    assert.equal(found["berth build a"]?.["timeout"], "3h");
    assert.equal(found["berth publish"]?.["timeout"], undefined);
    const [service] = (found["berth build a"]?.["services"] ?? []) as readonly object[];
    const variables = { HEALTHCHECK_TCP_PORT: "2376" };
    const dind = { name: "docker:28-dind", alias: "docker", command: ["--mtu=1360"], variables };
    assert.deepEqual(service, dind);
    assert.equal(found["berth publish"]?.["services"], undefined);
  });

  test("is read in YAML 1.1 as what it says", () => {
    const values = "2026-11-28 9_2 12:30 1,2 yes on ~ :sym %A% $A 1e3".split(" ");
    const variables = Object.fromEntries(values.map((value, index) => [`Y${index}`, value]));
    const found = pipeline([plannedImage("yes", build)], { variables, tags: ["9_2"] });
    const given = Object.values(found["variables"] ?? {}) as readonly { value: unknown }[];
    assert.deepEqual(
      given.map(({ value }) => value),
      values,
    );
    assert.deepEqual(found["berth build yes"]?.["tags"], ["9_2"]);
    const text = printPipeline({ on: { "2026-11-28": "no" } });
    assert.match(text, /^"on":\n {2}"2026-11-28": "no"$/m);
  });

  test("says whatever character a value has as GitLab takes it", () => {
    const codes = Array.from({ length: 0x100 }, (_, code) => code + 1);
    const value = String.fromCodePoint(...codes, 0x2028, 0x2029, 0xfeff, 0xffff, 0x1f6a2);
    const text = printPipeline(
      childPipeline(planWith([plannedImage("debian", build)]), {
        ...options,
        variables: { A: value },
      }),
    );
    const found = plain(readYaml(text).content) as { variables: { A: { value: string } } };
    assert.equal(found.variables.A.value, value);
  });

  test("says that GitLab lets no job need more images than a limit", () => {
    const childOf = (count: number) => {
      const parents = Array.from({ length: count }, (_, number) => `parent${number}`);
      const all = parents.map((name) => plannedImage(name, build));
      return pipeline([...all, { ...plannedImage("child", build), parents }]);
    };
    assert.ok(childOf(50)["berth build child"]);
    const said = /child is built from 51 images.*GitLab lets a job need 50/;
    assert.throws(() => childOf(51), said);
  });

  test("says what GitLab may not take of very many jobs", () => {
    const said = (count: number) => {
      const names = Array.from({ length: count }, (_, number) => `image${number}`);
      const images = names.map((name) => plannedImage(name, build));
      return tooManyJobs(childPipeline(planWith(images), options)) ?? "";
    };
    assert.deepEqual([25, 100, 278].map(said), ["", "", ""]);
    assert.match(said(400), /402 jobs; a GitLab before 17\.3 reads no file .*`berth ensure`/);
    assert.match(said(499), /501 jobs; GitLab\.com's free tier takes 500 in a pipeline/);
  });

  test("lets an optional image fail", () => {
    const nightly = plannedImage("nightly", build, { optional: true });
    const found = pipeline([nightly, plannedImage("debian", build)]);
    assert.equal(found["berth build nightly"]?.["allow_failure"], true);
    assert.equal(found["berth build debian"]?.["allow_failure"], undefined);
  });

  test("publishes with what all builds left, as far as GitLab lets one job need them", () => {
    const builds = (count: number) =>
      Array.from({ length: count }, (_, number) => plannedImage(`image${number}`, build));
    const needs = (count: number) =>
      pipeline(builds(count))["berth publish"]?.["needs"] as readonly object[] | undefined;
    assert.deepEqual(needs(1), [planJob, { job: "berth build image0", artifacts: true }]);
    assert.equal(needs(49)?.length, 50);
    // Stages alone order the jobs then, and plan.json comes with what the builds leave.
    assert.equal(needs(50), undefined);
    const { artifacts } = pipeline(builds(50))["berth build image0"] ?? {};
    const paths = [".berth/plan.json", ".berth/outcome/"];
    assert.deepEqual((artifacts as { paths: string[] }).paths, paths);
  });
});
