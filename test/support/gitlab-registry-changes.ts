/** Puts and deletions of manifests, as GitLab's registry takes and refuses them. */
import { digestOf } from "../../src/oci/digest.ts";
import type { Answer, SeenRequest } from "./faulty-server.ts";
import {
  type Document,
  refusesContent,
  refusesDigest,
  refusesMoved,
  refusesParts,
  refusesTag,
  type StoredManifest,
  tagRulesOf,
} from "./gitlab-registry-rules.ts";
import {
  challenged,
  forward,
  type State,
  settled,
  type TaggedImage,
} from "./gitlab-registry-state.ts";
import { refuse } from "./memory-registry.ts";
import { accessOf } from "./tokens.ts";

/** A manifest in a path. */
export interface Named {
  readonly name: string;
  /** A tag or a digest. */
  readonly reference: string;
}

export async function put(state: State, seen: SeenRequest, named: Named): Promise<Answer> {
  const { name, reference } = named;
  const isTag = !reference.startsWith("sha256:");
  const rules = tagRulesOf(accessOf(seen, state.authority.signer.publicKey), name, "push");
  const refusal =
    challenged(state, seen) ?? (isTag ? refusesTag(rules, reference, "push") : undefined);
  if (refusal !== undefined) return refusal;
  const document: Document = JSON.parse(seen.body.toString());
  const stored = state.stored.get(name);
  const unfit = refusesContent(document, stored);
  if (unfit !== undefined) return unfit;
  const digest = digestOf(seen.body);
  const isThere = isTag && state.tags.get(name)?.has(reference) === true;
  const moves = isThere ? refusesMoved(rules.immutable, reference) : undefined;
  const at = moves === undefined ? reference : digest;
  const answer = await settled(
    await forward(state, seen, `/v2/${name}/manifests/${at}`, seen.body),
  );
  if (answer.status === 400 && answer.body.includes("UNKNOWN"))
    return refusesParts(stored !== undefined);
  if (answer.status !== 201) return answer;
  keep(state, named, { digest, document, isTag: isTag && moves === undefined });
  return moves ?? answer;
}

interface Kept {
  readonly digest: string;
  readonly document: Document;
  readonly isTag: boolean;
}

function keep(state: State, { name, reference }: Named, { digest, document, isTag }: Kept): void {
  const { mediaType = "", manifests = [], subject } = document;
  const stored = state.stored.get(name) ?? new Map<string, StoredManifest>();
  const children = manifests.map((child) => child.digest);
  stored.set(digest, { type: mediaType, children, subject: subject?.digest });
  state.stored.set(name, stored);
  if (!isTag) return;
  const tags = state.tags.get(name) ?? new Map<string, TaggedImage>();
  tags.set(reference, { digest, taggedAt: state.now() });
  state.tags.set(name, tags);
}

export async function remove(state: State, seen: SeenRequest, named: Named): Promise<Answer> {
  const { name, reference } = named;
  const rules = tagRulesOf(accessOf(seen, state.authority.signer.publicKey), name, "delete");
  const stored = state.stored.get(name);
  const tags = state.tags.get(name);
  const isDigest = reference.startsWith("sha256:");
  const refusal =
    challenged(state, seen) ??
    (isDigest ? refusesDigest(rules, reference, stored) : refusesTag(rules, reference, "delete"));
  if (refusal !== undefined) return refusal;
  if (stored === undefined) return refuse(404, "NAME_UNKNOWN");
  if (!isDigest && tags?.has(reference) !== true) return refuse(404, "MANIFEST_UNKNOWN");
  const answer = await settled(await forward(state, seen, seen.path, seen.body));
  if (answer.status !== 202) return answer;
  stored.delete(reference);
  for (const [tag, { digest }] of tags ?? [])
    if (tag === reference || digest === reference) tags?.delete(tag);
  return answer;
}
