/** What GitLab's registry refuses and Distribution does not (GitLab's container registry 4.36, with its database); pure. */
import { RE2JS } from "re2js";
import { mediaTypes } from "../../src/oci/manifest.ts";
import type { Answer } from "./faulty-server.ts";
import { refuse } from "./memory-registry.ts";
import type { Access } from "./tokens.ts";

/** What is known of a stored manifest. */
export interface StoredManifest {
  readonly type: string;
  /** Manifests that an index names. */
  readonly children: readonly string[];
  readonly subject: string | undefined;
}

/** The manifests of a repository by their digests. */
export type Stored = ReadonlyMap<string, StoredManifest>;

/** The patterns of tags in a token: what may not be done, and what may be done once only. */
export interface TagRules {
  readonly denied: readonly string[];
  readonly immutable: readonly string[];
}

/** Reads what a token says of a repository's tags. */
export function tagRulesOf(
  access: readonly Access[] | undefined,
  path: string,
  action: "push" | "delete",
): TagRules {
  const meta = access?.find(({ name }) => name === path)?.meta as Meta | undefined;
  const { tag_deny_access_patterns: denied, tag_immutable_patterns: immutable = [] } = meta ?? {};
  return { denied: denied?.[action] ?? [], immutable };
}

interface Meta {
  readonly tag_deny_access_patterns?: { readonly push?: string[]; readonly delete?: string[] };
  readonly tag_immutable_patterns?: string[];
}

/** A push of a tag asks for `denied` alone, before its body is read; a deletion for both. */
export function refusesTag(
  { denied, immutable }: TagRules,
  tag: string,
  action: "push" | "delete",
): Answer | undefined {
  if (denied.length + immutable.length > 5)
    return refuse(400, "TAG_PATTERN_COUNT_LIMIT_EXCEEDED", "tag pattern count exceeds 5");
  const denies = refusesMatch(denied, tag, "PROTECTED_TAG", "TAG_PROTECTION_PATTERN_INVALID");
  return denies ?? (action === "push" ? undefined : refusesMoved(immutable, tag));
}

/** The refusal of a tag that is there and may not be moved; what was pushed is kept all the same. */
export function refusesMoved(immutable: readonly string[], tag: string): Answer | undefined {
  return refusesMatch(immutable, tag, "IMMUTABLE_TAG", "TAG_IMMUTABILITY_PATTERN_INVALID");
}

function refusesMatch(
  patterns: readonly string[],
  tag: string,
  code: string,
  invalid: string,
): Answer | undefined {
  for (const pattern of patterns) {
    if (pattern.length > 100) return refuse(400, invalid, "invalid pattern");
    try {
      // No WWW-Authenticate: no other token would help.
      if (RE2JS.compile(pattern).matcher(tag).find()) return refuse(401, code, `tag "${tag}"`);
    } catch {
      return refuse(400, invalid, "invalid pattern");
    }
  }
  return undefined;
}

/** Some of the 105 that its table has: those of images, and those of what builders and signers push beside them. */
const knownTypes = new Set([
  ...[mediaTypes.ociConfig, mediaTypes.dockerConfig, "application/vnd.oci.empty.v1+json"],
  ...["application/vnd.buildkit.cacheconfig.v0", "application/vnd.in-toto+json"],
  "application/vnd.cncf.helm.config.v1+json",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
]);

export interface Document {
  readonly mediaType?: string;
  readonly config?: { readonly mediaType?: string };
  readonly artifactType?: string;
  readonly subject?: { readonly digest: string };
  readonly manifests?: readonly { readonly digest: string }[];
}

/** The refusal of a manifest for what it says; `stored` where there is such a repository. */
export function refusesContent(
  { config, artifactType, subject, manifests }: Document,
  stored: Stored | undefined,
): Answer | undefined {
  const unknown = [config?.mediaType, artifactType].find(
    (type) => type !== undefined && !knownTypes.has(type),
  );
  if (manifests === undefined && unknown !== undefined)
    return refuse(400, "MANIFEST_INVALID", `unknown media type: ${unknown}`);
  if (manifests?.length === 0) return refuse(500, "UNKNOWN", "unknown error");
  const named = [...(manifests ?? []), ...(subject === undefined ? [] : [subject])];
  const lacks = named.some(({ digest }) => stored?.has(digest) !== true);
  return lacks ? refusesParts(stored !== undefined) : undefined;
}

/** The refusal of a manifest whose parts are missing: a repository that is not there yet is an error of its own. */
export function refusesParts(isThere: boolean): Answer {
  const missing = { code: "MANIFEST_BLOB_UNKNOWN", message: "blob unknown to registry" };
  const errors = isThere ? [missing] : [{ code: "UNKNOWN", message: "unknown error" }, missing];
  return { status: isThere ? 400 : 500, body: JSON.stringify({ errors }) };
}

/** The refusal to delete a manifest with all its tags. */
export function refusesDigest(
  { denied, immutable }: TagRules,
  digest: string,
  stored: Stored | undefined,
): Answer | undefined {
  if (denied.length + immutable.length > 0)
    return refuse(401, "PROTECTED_MANIFEST", "manifest deletion not allowed");
  if (stored?.has(digest) !== true) return refuse(404, "MANIFEST_UNKNOWN");
  const others = [...stored.values()];
  if (others.some(({ children }) => children.includes(digest)))
    return refuse(409, "MANIFEST_REFERENCED", "manifest referenced by a manifest list");
  return others.some(({ subject }) => subject === digest)
    ? refuse(500, "UNKNOWN", "unknown error")
    : undefined;
}

/** Whether a manifest is withheld from who does not name its type. */
export function isWithheld({ type }: StoredManifest, accept: string | undefined): boolean {
  const isOci = type === mediaTypes.ociManifest || type === mediaTypes.ociIndex;
  return isOci && !(accept ?? "").includes(type);
}
