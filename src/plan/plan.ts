/**
 * The plan: all images with their decisions, as plain JSON that later jobs carry out. The shape of plan.json is also
 * the type that the program uses; who imports only types does not load zod.
 */

import { BerthError } from "../errors.ts";
import { type Key, keyVersion } from "../image/key.ts";
import type { DeepReadonly } from "../json.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import * as z from "../zod.ts";

const key = z.noted(
  z.custom<Key>((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value)),
  { type: "string", pattern: "^[0-9a-f]{64}$" },
);
const digest = z.noted(
  z.custom<Digest>((value) => typeof value === "string" && parseDigest(value) !== undefined),
  { type: "string", pattern: "^sha256:[0-9a-f]{64}$" },
);
const textOrNull = z.nullable(z.string());
/** `null` in the file, `undefined` in the program. */
const textOrNone = z.noted(
  z.mapped(textOrNull, (value) => value ?? undefined),
  { anyOf: [{ type: "string" }, { type: "null" }] },
);
const foundBy = z.enum(["set-record", "key-tag"]);

/** A name that is also the end of a path: of a file with an outcome, of one that holds a secret. */
const name = z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]*(@[a-z0-9-]+)?$/));
const id = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/));
const secret = z.union([z.object({ id, env: z.string() }), z.object({ id, file: z.string() })]);

/** Why an image has to be built. */
const buildReason = z.discriminatedUnion("code", [
  z.object({
    code: z.literal("absent"),
    looked: z.array(z.string()),
    // What changed since the promoted image, such as `RUN at line 12 changed since latest`, and all of it as lines.
    since: z.optional(z.string()),
    diff: z.optional(z.array(z.string())),
  }),
  // The tag is there, but what it points at is not whole.
  z.object({
    code: z.literal("broken"),
    reference: z.string(),
    missing: z.enum(["config", "manifests"]),
  }),
  // Nowhere to look: no registry is known.
  z.object({ code: z.literal("no-registry") }),
  // Another image of the same key is built: this one is a copy of it.
  z.object({ code: z.literal("same"), as: z.string() }),
]);

/** An image of the set that it is built from is built again. */
const parentReason = z.object({ code: z.literal("parent"), parent: z.string() });
const forcedReason = z.object({ code: z.literal("forced") });

/** Why an image that is nowhere yet is built from scratch: its build neither reads nor writes a layer cache. */
const scratchReason = z.discriminatedUnion("code", [
  forcedReason,
  parentReason,
  // Layers at hand may be as old as the branch that is merged.
  z.object({ code: z.literal("merge"), because: z.string() }),
]);

/** Why an image that is there is built again, under the same key and without layer caches. */
const refreshReason = z.discriminatedUnion("code", [
  forcedReason,
  z.object({ code: z.literal("max-age"), created: z.string(), days: z.number() }),
  z.object({ code: z.literal("base-moved"), base: z.string(), from: z.string(), to: z.string() }),
  parentReason,
  // In a merge: upstream does not have it, and it was not built on the target's head.
  z.object({
    code: z.literal("merge"),
    because: z.string(),
    revision: textOrNull,
    target: textOrNull,
  }),
]);

/** How an image is to be had; `execute` is the only place that branches on it. */
const decision = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("reuse"), reference: z.string(), digest, foundBy }),
  z.object({ kind: z.literal("copy"), from: z.string(), digest, foundBy }),
  z.object({
    kind: z.literal("build"),
    because: buildReason,
    scratch: z.told("why no layer cache is read or written", z.optional(scratchReason)),
  }),
  // `from` is what is used until the new one is promoted.
  z.object({ kind: z.literal("refresh"), because: refreshReason, from: z.string() }),
]);

const inputs = z.object({
  version: z.literal(keyVersion),
  text: z.told("the lines of the Dockerfile that the target needs", z.string()),
  args: z.record(z.string(), z.string()),
  parents: z.told("by the reference as written", z.record(z.string(), key)),
  context: z.nullable(digest),
  target: textOrNull,
  platform: z.string(),
  onbuild: z.boolean(),
  secrets: z.array(z.string()),
  format: z.literal("oci"),
  epoch: textOrNull,
});

const image = z.object({
  name,
  dockerfile: z.string(),
  context: z.string(),
  args: z.record(z.string(), z.string()),
  target: textOrNone,
  platform: z.string(),
  secrets: z.array(secret),
  epoch: textOrNone,
  optional: z.boolean(),
  onbuild: z.boolean(),
  allowAdd: z.array(z.string()),
  key,
  inputs,
  parents: z.array(z.string()),
  repository: z.told("where the image has its place in the project's own registry", textOrNull),
  tag: z.told("the tag of the key there", z.string()),
  decision,
  reference: z.told("what later jobs run", textOrNull),
});

/** What later jobs need of the configuration, so that publishing needs no checkout. */
const config = z.object({
  prefix: z.string(),
  upstream: textOrNone,
  registry: textOrNone,
  repository: z.string(),
  reference: z.enum(["digest", "tag", "own-tag"]),
  publish: z.array(z.object({ branch: z.string(), tag: z.string() })),
  registries: z.record(z.string(), z.object({ insecure: z.boolean() })),
});

/** The schema of the file; a test compares docs/plan.schema.json with it. */
export const planSchema = z.told(
  "What berth plan decided, for berth build, publish and promote",
  z.object({
    // Raised when the file changes its shape; another version is refused.
    version: z.literal(1),
    config,
    // The commit that the files were read from; `null` in a repository without a commit.
    revision: textOrNull,
    // The pipeline that planned; its child pipelines have numbers of their own.
    pipeline: textOrNull,
    // Why this run writes below `try/` alone, where nobody believes it; `null` where it is trusted.
    untrusted: textOrNull,
    // Files that differ from that commit and that keys cover.
    dirty: z.array(z.string()),
    set: z.object({
      id: z.string(),
      // On every image; the record names another one for a later generation.
      tag: z.string(),
      // Where the set was found on record, `host/path:tag`.
      record: textOrNull,
      // Names the tags of this run's refreshed images until they are promoted; `null` where none is.
      generation: textOrNull,
      stale: z.told(
        "the record is to be written anew: it is old, or names what is gone",
        z.boolean(),
      ),
    }),
    // All images of the set end in the own registry, so that set tags can be given there.
    complete: z.boolean(),
    images: z.array(image),
    // What the dotenv report holds, in order.
    variables: z.record(z.string(), z.string()),
    warnings: z.array(z.string()),
  }),
);

export type Plan = DeepReadonly<z.output<typeof planSchema>>;
export type PlannedImage = DeepReadonly<z.output<typeof image>>;
export type Decision = DeepReadonly<z.output<typeof decision>>;
export type BuildReason = DeepReadonly<z.output<typeof buildReason>>;
/** What changed in an image that is nowhere; nothing where that is not known. */
export type Change = Pick<Extract<BuildReason, { code: "absent" }>, "since" | "diff">;
export type ScratchReason = DeepReadonly<z.output<typeof scratchReason>>;
export type RefreshReason = DeepReadonly<z.output<typeof refreshReason>>;
/** Why an image need not be built. */
export type FoundBy = z.output<typeof foundBy>;

/** Reads plan.json; PLAN_INVALID for another version or a damaged file. */
export function parsePlan(text: string, file: string): Plan {
  const by = "`berth plan` of the same version of berth; run the plan job again";
  return readWritten(planSchema, text, file, by);
}

/** Reads what a job before has written; PLAN_INVALID with what is wrong first, and what it must come from. */
export function readWritten<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  file: string,
  by: string,
): z.output<Schema> {
  const invalid = (what: string) =>
    new BerthError("PLAN_INVALID", `read ${file}: ${what}`, { hint: `it must come from ${by}` });
  const value = parseJson(text);
  if (value === undefined) throw invalid("it is not JSON");
  const parsed = schema.safeParse(value, z.once);
  if (parsed.success) return parsed.data;
  const { path = [], message = "unknown" } = parsed.error.issues[0] ?? {};
  if (path[0] === "version") throw invalid("another version of berth wrote it");
  throw invalid(`${path.join(".")}: ${message}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
