import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { ownTags, setIdOf } from "../../src/image/key.ts";
import { decide } from "../../src/plan/decide.ts";
import { imageVariable, makePlan, printDotenv, templateFolder } from "../../src/plan/make.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { config, keyedImage, situation, someDigest } from "../support/keyed.ts";
import { groundsOf, seen } from "./sightings.ts";

const up = "registry.example.com/qemu-project/qemu";
const fork = "registry.example.com/alice/qemu";
const images = [keyedImage("alpine"), keyedImage("debian-arm64")];
const setId = setIdOf(images, { repository: "{name}", upstream: undefined });

type Where = "upstream" | "own" | "nowhere";

/** A fork's plan where each image was seen at the given place, and upstream has the set on record or not. */
function planOf(
  where: Record<string, Where>,
  change: Partial<Config>,
  env: Record<string, string> = {},
  isRecorded = false,
): Plan {
  const settings = config({ upstream: "qemu-project", ...change });
  const here = situation("alice/qemu", settings, env);
  const more = Object.keys(where).filter((name) => !images.some((one) => one.name === name));
  const all = [...images, ...more.map((name) => keyedImage(name))];
  const foundBy = isRecorded ? "set-record" : "key-tag";
  const seenAs = (name: string) => {
    const source = where[name] ?? "nowhere";
    return source === "nowhere" ? [] : [seen(source, { name, folder: "", foundBy })];
  };
  const recorded = isRecorded ? setId : undefined;
  const grounds = groundsOf({ images: all, config: settings, situation: here }, seenAs, {
    recorded,
  });
  const state = { revision: "c0ffee", dirty: [] };
  return makePlan(decide(grounds), grounds, { state, env: {}, warnings: [] });
}

const bothUpstream: Record<string, Where> = { alpine: "upstream", "debian-arm64": "upstream" };
const oneNew: Record<string, Where> = { alpine: "upstream" };

describe("the dotenv report", () => {
  test("names each image where it is, by digest, and the one to build by a tag that never moves", () => {
    const plan = planOf(oneNew, { reference: "digest" });
    const key = plan.images[1]?.key;
    assert.deepEqual(plan.variables, {
      QEMU_CI_IMAGE_ALPINE: `${up}/alpine@${someDigest}`,
      QEMU_CI_IMAGE_DEBIAN_ARM64: `${fork}/debian-arm64:${ownTags.key(key ?? "")}`,
    });
    assert.equal(plan.complete, false);
  });

  test("points at upstream's set where upstream has all of it on record", () => {
    const { variables } = planOf(bothUpstream, { reference: "tag" }, {}, true);
    assert.deepEqual(Object.entries(variables), [
      ["QEMU_CI_CONTAINER_BASE", up],
      ["QEMU_CI_CONTAINER_TAG", ownTags.set(setId)],
    ]);
  });

  test("points at the own registry where a mixed set is completed there", () => {
    const plan = planOf(oneNew, { reference: "tag" });
    assert.equal(plan.variables["QEMU_CI_CONTAINER_BASE"], fork);
    assert.equal(plan.complete, true);
  });

  test("points at the own registry with own-tag even where upstream has all", () => {
    const settings = { reference: "own-tag", repository: "qemu/{name}" } as const;
    const plan = planOf(bothUpstream, settings, {}, true);
    assert.equal(plan.variables["QEMU_CI_CONTAINER_BASE"], `${fork}/qemu`);
  });

  test("honours the tag that a user set", () => {
    const { variables } = planOf(oneNew, { reference: "tag" }, { QEMU_CI_CONTAINER_TAG: "mine" });
    assert.equal(variables["QEMU_CI_CONTAINER_TAG"], "mine");
  });

  test("says so where a user's tag is given to no image, since all stay in upstream's registry", () => {
    const tag = { QEMU_CI_CONTAINER_TAG: "mine" };
    assert.match(`${planOf(oneNew, {}, tag).warnings}`, /^QEMU_CI_CONTAINER_TAG: no image gets/);
    assert.deepEqual(planOf(oneNew, { reference: "tag" }, tag).warnings, []);
    assert.deepEqual(planOf(oneNew, {}).warnings, []);
  });

  test("says so where a name is no element of its own, so that it is empty", () => {
    for (const [reference, repository, warned] of [
      ["tag", "ci-{name}", true],
      ["own-tag", "{name}/x", true],
      ["digest", "ci-{name}", false],
      ["tag", "ci/{name}", false],
    ] as const) {
      const { variables, warnings } = planOf(oneNew, { reference, repository });
      assert.equal(
        warnings.some((line) => line.includes(repository)),
        warned,
        repository,
      );
      assert.equal(Object.keys(variables).length === 0, warned, repository);
    }
  });

  test("is not left empty in a job where no registry can hold the set", () => {
    const off = { CI_REGISTRY_IMAGE: "" };
    for (const reference of ["tag", "own-tag"] as const)
      assert.throws(() => planOf(bothUpstream, { reference }, off), { code: "REGISTRY_UNSET" });
    const { variables } = planOf(bothUpstream, { reference: "tag" }, off, true);
    assert.equal(variables["QEMU_CI_CONTAINER_BASE"], up);
  });

  test("fails past GitLab's limits, with the advice to use set", () => {
    const limits = [
      { maxVariables: 1, maxBytes: 5120 },
      { maxVariables: 50, maxBytes: 100 },
    ];
    const told = { code: "DOTENV_LIMIT", hint: /reference: tag/ };
    for (const dotenv of limits)
      assert.throws(() => planOf(oneNew, { reference: "digest", dotenv }), told);
  });

  test("is warned of where GitLab may take fewer variables than it holds, unless its limit is told", () => {
    const warnings = (count: number, server: string, maxVariables?: number) => {
      const names = Array.from({ length: count - images.length }, (_, number) => `image${number}`);
      const where = Object.fromEntries(names.map((name) => [name, "nowhere"] as const));
      const dotenv = { maxVariables, maxBytes: 5120 };
      return planOf(where, { reference: "digest", dotenv }, { CI_SERVER_HOST: server }).warnings;
    };
    assert.match(
      `${warnings(21, "gitlab.example.com")}`,
      /^21 variables .* takes 20 .*reference: tag/,
    );
    assert.deepEqual(
      [warnings(20, "gitlab.example.com"), warnings(21, "gitlab.com"), warnings(21, "a.test", 21)],
      [[], [], []],
    );
  });

  test("is printed as GitLab reads it: one per line, no quotes, no blank line", () => {
    assert.equal(printDotenv({ A: "1", B: "x y" }), "A=1\nB=x y\n");
    assert.equal(printDotenv({}), "");
  });

  test("has variable names of letters, digits and underscores", () =>
    assert.equal(
      imageVariable("QEMU_CI", "fedora-rust.nightly"),
      "QEMU_CI_IMAGE_FEDORA_RUST_NIGHTLY",
    ));

  test("knows the folder of a template", () =>
    assert.deepEqual(["{name}", "qemu/{name}", "ci-{name}", "{name}/x"].map(templateFolder), [
      "",
      "/qemu",
      undefined,
      undefined,
    ]));
});
