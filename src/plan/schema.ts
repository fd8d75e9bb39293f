/** The shape of plan.json, for reading it back and for docs/plan.schema.json. */
import * as z from "zod";
import { BerthError } from "../errors.ts";
import { type Key, keyVersion } from "../image/key.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { type Plan, planVersion } from "./plan.ts";

const key = z
  .custom<Key>((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value))
  .meta({ type: "string", pattern: "^[0-9a-f]{64}$" });
const digest = z
  .custom<Digest>((value) => typeof value === "string" && parseDigest(value) !== undefined)
  .meta({ type: "string", pattern: "^sha256:[0-9a-f]{64}$" });
const foundBy = z.enum(["set-record", "key-tag"]);

const secret = z.union([
  z.object({ id: z.string(), env: z.string() }),
  z.object({ id: z.string(), file: z.string() }),
]);

const buildReason = z.discriminatedUnion("code", [
  z.object({
    code: z.literal("absent"),
    looked: z.array(z.string()),
    since: z.string().optional(),
  }),
  z.object({ code: z.literal("broken"), reference: z.string(), missing: z.literal("config") }),
  z.object({ code: z.literal("no-registry") }),
  z.object({ code: z.literal("same"), as: z.string() }),
]);

const parentReason = z.object({ code: z.literal("parent"), parent: z.string() });
const forcedReason = z.object({ code: z.literal("forced") });

const scratchReason = z.discriminatedUnion("code", [
  forcedReason,
  parentReason,
  z.object({ code: z.literal("merge"), because: z.string() }),
]);

const refreshReason = z.discriminatedUnion("code", [
  forcedReason,
  z.object({ code: z.literal("max-age"), created: z.string(), days: z.number() }),
  z.object({ code: z.literal("base-moved"), base: z.string(), from: z.string(), to: z.string() }),
  parentReason,
  z.object({
    code: z.literal("merge"),
    because: z.string(),
    revision: z.string().nullable(),
    target: z.string().nullable(),
  }),
]);

const decision = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("reuse"), reference: z.string(), digest, foundBy }),
  z.object({ kind: z.literal("copy"), from: z.string(), digest, foundBy }),
  z.object({
    kind: z.literal("build"),
    because: buildReason,
    scratch: scratchReason.optional().describe("why no layer cache is read or written"),
  }),
  z.object({ kind: z.literal("refresh"), because: refreshReason, from: z.string() }),
]);

const inputs = z.object({
  version: z.literal(keyVersion),
  text: z.string().describe("the lines of the Dockerfile that the target needs"),
  args: z.record(z.string(), z.string()),
  parents: z.record(z.string(), key).describe("by the reference as written"),
  context: digest.nullable(),
  target: z.string().nullable(),
  platform: z.string(),
  onbuild: z.boolean(),
  secrets: z.array(z.string()),
  format: z.literal("oci"),
  epoch: z.string().nullable(),
});

const image = z.object({
  name: z.string(),
  dockerfile: z.string(),
  context: z.string(),
  args: z.record(z.string(), z.string()),
  target: z.string().nullable(),
  platform: z.string(),
  secrets: z.array(secret),
  epoch: z.string().nullable(),
  optional: z.boolean(),
  onbuild: z.boolean(),
  allowAdd: z.array(z.string()),
  key,
  inputs,
  parents: z.array(z.string()),
  repository: z
    .string()
    .nullable()
    .describe("where the image has its place in the project's own registry"),
  tag: z.string().describe("the tag of the key there"),
  decision,
  reference: z.string().nullable().describe("what later jobs run"),
});

const config = z.object({
  prefix: z.string(),
  upstream: z.string().nullable(),
  registry: z.string().nullable(),
  repository: z.string(),
  reference: z.enum(["each", "set", "classic"]),
  publish: z.array(z.object({ branch: z.string(), tag: z.string() })),
  registries: z.record(z.string(), z.object({ insecure: z.boolean() })),
  trust: z.object({ unprotected: z.boolean() }),
});

/** The schema of the file; a test compares docs/plan.schema.json with it. */
export const planSchema = z
  .object({
    version: z.literal(planVersion),
    config,
    revision: z.string().nullable(),
    pipeline: z.string().nullable(),
    dirty: z.array(z.string()),
    set: z.object({
      id: z.string(),
      tag: z.string(),
      record: z.string().nullable(),
      generation: z.string().nullable(),
      stale: z
        .boolean()
        .describe("the record is to be written anew: it is old, or names what is gone"),
    }),
    complete: z.boolean(),
    images: z.array(image),
    variables: z.record(z.string(), z.string()),
    warnings: z.array(z.string()),
  })
  .describe("What berth plan decided, for berth build, publish and promote");

/** Reads plan.json; PLAN_INVALID for another version or a damaged file. */
export function parsePlan(text: string, file: string): Plan {
  const parsed = planSchema.safeParse(parseJson(text, file));
  if (parsed.success) {
    const images = parsed.data.images.map((each) => ({
      ...each,
      target: each.target ?? undefined,
      epoch: each.epoch ?? undefined,
    }));
    const { upstream, registry, ...settings } = parsed.data.config;
    const config = {
      ...settings,
      upstream: upstream ?? undefined,
      registry: registry ?? undefined,
    };
    return { ...parsed.data, config, images };
  }
  const issue = parsed.error.issues[0];
  throw invalid(file, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"}`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(file, "it is not JSON");
  }
}

function invalid(file: string, what: string): BerthError {
  return new BerthError("PLAN_INVALID", `read ${file}: ${what}`, {
    hint: "it must come from `berth plan` of the same version of berth; run the plan job again",
  });
}
