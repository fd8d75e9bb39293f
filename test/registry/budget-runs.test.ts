/** How many requests whole runs cost, for 25 images of 8 blobs. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { refusedMove } from "../../src/plan/rights.ts";
import { ownBase, situationOf } from "../../src/plan/situation.ts";
import { publishSet } from "../../src/publish/set.ts";
import { type FlowOptions, planOf, run } from "../support/flow.ts";
import { config, jobEnv } from "../support/keyed.ts";
import type { TokenServiceOptions } from "../support/token-service.ts";
import { client, counted as countsOf, goodLogin, seed, startScene, testImage } from "./clients.ts";

const upstream = "qemu-project/qemu";
const fork = "alice/qemu";
const dockerfiles = Object.fromEntries(
  Array.from({ length: 25 }, (_, number) => [`image-${number}`, `FROM scratch\nRUN ${number}\n`]),
);

interface Stage {
  /** A run of a project, with a client of its own. */
  job(project: string, settings?: Partial<Config>): FlowOptions;
  /** What was asked since the last time: tokens, then methods with what they were for. */
  counted(): Readonly<Record<string, number>>;
  /** Forgets all tags of sets, and their records. */
  forgetSets(): void;
}

/** A registry that holds upstream's 25 images under their keys, and no set. */
async function staged(
  work: (stage: Stage) => Promise<void>,
  options: TokenServiceOptions = {},
): Promise<void> {
  const { tokens, registry: memory, hint, stop } = await startScene({}, options);
  const { host, log, repositories } = memory;
  const job: Stage["job"] = (project, settings = {}) => {
    const own = { CI_REGISTRY: host, CI_REGISTRY_IMAGE: `${host}/${project}` };
    const all = config({ upstream: "qemu-project", ...settings });
    const situation = situationOf({ ...jobEnv(project), ...own }, all, undefined);
    const registry = client(goodLogin, { tokenHints: [hint] });
    return { registry, situation, config: all, dockerfiles };
  };
  const counted = () => {
    const lines = log.splice(0).map((line) => {
      const [method = "", path = ""] = line.split(" ");
      return `${method} ${/\/(manifests|blobs|tags)\//.exec(path)?.[1]}`;
    });
    return countsOf([...tokens.asked.splice(0).map(() => "token"), ...lines], (line) => line);
  };
  const forgetSets = () => {
    for (const { tags } of repositories.values())
      for (const tag of [...tags.keys()]) if (tag.startsWith(ownTags.set(""))) tags.delete(tag);
  };
  try {
    const { plan } = await planOf(job(upstream));
    for (const { name, tag } of plan.images)
      seed(memory, `${upstream}/${name}`, testImage(name, 7), tag);
    counted();
    await work({ job, counted, forgetSets });
  } finally {
    await stop();
  }
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((all, count) => all + count, 0);

suite("what whole runs ask", () => {
  test("nothing changed, upstream or in a fork: one token and one GET", () =>
    staged(async ({ job, counted }) => {
      await run(job(upstream));
      counted();
      for (const project of [upstream, fork]) {
        await planOf(job(project));
        assert.deepEqual(counted(), { token: 1, "GET manifests": 1 }, project);
      }
      // own-tag has a set of its own.
      await run(job(fork, { reference: "own-tag" }));
      counted();
      await planOf(job(fork, { reference: "own-tag" }));
      assert.deepEqual(counted(), { token: 1, "GET manifests": 1 });
    }));

  test("an unknown set of known keys: for each image one GET, and one HEAD of its config", () =>
    staged(async ({ job, counted }) => {
      await planOf(job(upstream));
      // The first token holds as many scopes as surely fit, the second all others, and the third is for publishing.
      assert.deepEqual(counted(), { token: 3, "GET manifests": 1 + 25, "HEAD blobs": 25 });
    }));

  test("a plan only reads, also where all is to be copied or built", () =>
    staged(async ({ job, counted }) => {
      const changed = Object.fromEntries(
        Object.entries(dockerfiles).map(([name, text]) => [name, `${text}RUN more\n`]),
      );
      for (const [kind, options] of [
        ["copy", job(fork, { reference: "own-tag" })],
        ["build", { ...job(upstream), dockerfiles: changed }],
      ] as const) {
        const { plan } = await planOf(options);
        assert.ok(plan.images.every(({ decision }) => decision.kind === kind));
        const writes = Object.keys(counted()).filter((line) =>
          /^(?:PUT|POST|PATCH|DELETE)/.test(line),
        );
        assert.deepEqual(writes, []);
      }
    }));

  test("the first record of a project costs its two blobs; later ones two HEADs more than one PUT", () =>
    staged(async ({ job, counted, forgetSets }) => {
      const look = { "GET manifests": 1 + 25, "HEAD blobs": 25 };
      await run(job(upstream));
      assert.deepEqual(counted(), {
        token: 3,
        "GET manifests": look["GET manifests"],
        "HEAD blobs": look["HEAD blobs"] + 2,
        // A set tag on each image, and the record behind its blobs.
        "PUT manifests": 25 + 1,
        "POST blobs": 2,
        "PUT blobs": 2,
      });
      forgetSets();
      await run(job(upstream));
      const blobs = { "HEAD blobs": look["HEAD blobs"] + 2 };
      assert.deepEqual(counted(), { token: 3, ...look, ...blobs, "PUT manifests": 25 + 1 });
    }));

  test("a retag by the plan alone: two tokens, 25 GETs, 25 PUTs, and the record", () =>
    staged(async ({ job, counted, forgetSets }) => {
      await run(job(upstream));
      forgetSets();
      const { plan } = await planOf(job(upstream));
      counted();
      const { registry, situation } = job(upstream);
      const base = parseRepository(`${situation.own?.host}/${upstream}`);
      await publishSet({ plan, situation, base, registry, now: new Date(0) });
      const asked = { token: 2, "GET manifests": 25, "HEAD blobs": 2 };
      assert.deepEqual(counted(), { ...asked, "PUT manifests": 25 + 1 });
    }));

  test("a fork's first run with own-tag: 251 requests and 25 key tags, and eight for the set", () =>
    staged(async ({ job, counted }) => {
      await run(job(upstream));
      counted();
      await run(job(fork, { reference: "own-tag" }));
      const counts = counted();
      assert.deepEqual(counts, {
        // One reads both records.
        token: 1 + 2,
        // The own record, upstream's record, and every image.
        "GET manifests": 1 + 1 + 25,
        // Whether the fork has published before.
        "GET tags": 1,
        // Mounts, those of the record's two blobs too.
        "POST blobs": 25 * 8 + 2,
        // A key's tag and the set's for every image, and the record.
        "PUT manifests": 2 * 25 + 1,
      });
      assert.equal(sum(counts), 251 + 25 + 8);
    }));

  test("a fork's first run of a set that upstream has not recorded reads no manifest twice", () =>
    staged(async ({ job, counted }) => {
      await run(job(fork, { reference: "own-tag" }));
      assert.deepEqual(counted(), {
        token: 4,
        // Two records that are not there, and the keys in upstream.
        "GET manifests": 2 + 25,
        "HEAD blobs": 25 + 2,
        "GET tags": 1,
        "POST blobs": 25 * 8 + 2,
        "PUT blobs": 2,
        "PUT manifests": 2 * 25 + 1,
      });
    }));

  test("a protected repository makes the run untrusted, for a few tokens", () =>
    staged(
      async ({ job, counted }) => {
        const { plan, outcomes } = await run(job(fork, { reference: "own-tag" }));
        assert.match(plan.untrusted ?? "", /^image-3 may not be pushed .* 403 DENIED: Pushing to/);
        for (const { result, reference } of outcomes)
          assert.match(`${result} ${reference}`, /^copied .*\/alice\/qemu\/try\/image-[0-9]+@/);
        // Two to read; one for all writes, which is refused, and each until the refused one; the rest for `try`.
        assert.equal(counted()["token"], 13);
      },
      { protectedPaths: [`${fork}/image-3`] },
    ));

  test("a rule for tags that is in the token is refused as one for the repository is", () =>
    staged(
      async ({ job }) => {
        const changed = { "image-3": "FROM scratch\nCOPY a /" };
        const upstreams = job(upstream);
        const dockerfiles = { ...upstreams.dockerfiles, ...changed };
        const { plan } = await planOf({ ...upstreams, dockerfiles, context: { a: "a" } });
        const [tag] = plan.images.flatMap(({ name, tag }) => (name === "image-3" ? [tag] : []));
        assert.equal(plan.untrusted, null);
        assert.deepEqual(
          plan.warnings.filter((line) => /pushed/.test(line)),
          [
            `image-3 may not be pushed from this pipeline: the tag ${tag} is protected by the rule ^key[0-9]+-`,
          ],
        );
      },
      { rule: "^key[0-9]+-" },
    ));

  test("what the registry takes nowhere is said by the plan, and not built", () =>
    staged(
      async ({ job, counted }) => {
        const upstreams = job(upstream);
        const changed = {
          "image-3": "FROM scratch\nCOPY a /",
          "image-4": "FROM scratch\nCOPY a /b",
        };
        const run1 = { ...upstreams, dockerfiles: { ...upstreams.dockerfiles, ...changed } };
        const { plan } = await planOf({ ...run1, context: { a: "a" } });
        assert.deepEqual(
          plan.warnings.filter((line) => /pushed/.test(line)),
          [
            "image-3 may not be pushed from this pipeline: 403 DENIED: Pushing to protected repository path forbidden",
          ],
        );
        // Two to read, one to write that is refused for all, then one for each until the refused one; `try` alike.
        assert.equal(counted()["token"], 2 + 1 + 2 + 4);
        const { outcomes, built } = await run({ ...run1, context: { a: "a" } });
        assert.deepEqual(built, ["image-4"]);
        const { error } = outcomes.find(({ name }) => name === "image-3") ?? {};
        assert.equal(error?.code, "REGISTRY_DENIED");
        assert.match(
          error?.message ?? "",
          /^build image-3: it may not be pushed to .*image-3: 403 DENIED: Pushing to protected/,
        );
      },
      { protectedPaths: [`${upstream}/image-3`, `${upstream}/try/image-3`] },
    ));

  for (const [what, options, words, tokens] of [
    ["a path", { protectedPaths: [`${upstream}/image-3`] }, /\/image-3: 403 DENIED: Pushing to/, 6],
    [
      "a tag",
      { rule: "^latest$" },
      /\/berth: the tag latest is protected by the rule \^latest\$$/,
      1,
    ],
    ["nothing", {}, undefined, 2],
  ] as const)
    test(`moving tags asks for a token first where ${what} is protected`, () =>
      staged(async ({ job, counted }) => {
        const { plan } = await planOf(job(upstream));
        counted();
        const { registry, situation } = job(upstream);
        const refused = await refusedMove(plan, ["latest"], ownBase(situation), registry);
        if (words === undefined) assert.equal(refused, undefined);
        else assert.match(refused ?? "", words);
        assert.deepEqual(counted(), { token: tokens });
      }, options));
});
