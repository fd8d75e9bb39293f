/** What a tag is, told by its repository and its name alone. */
import { keyVersion } from "../image/key.ts";
import { type OwnTag, readTag } from "../oci/tags.ts";
import { recordRepositoryName } from "../plan/record.ts";

export const kinds = [
  "key",
  "try",
  "set",
  "try-set",
  "pipeline",
  "override",
  "cache",
  "promoted",
  "claim",
  "record",
  "past",
  "other-version",
  "unknown",
] as const;

export type Kind = (typeof kinds)[number];

export interface Classified {
  readonly kind: Kind;
  /** The pipeline that it is of, such as that of a set's further generation. */
  readonly pipeline?: number;
}

/** Names that a project gives, beside those that berth's own grammar tells. */
export interface Names {
  /** Tags that are moved by `publish`, also for branches that are gone. */
  readonly isPromoted: (tag: string) => boolean;
  /** What the user of this run set as `<PREFIX>_CONTAINER_TAG`. */
  readonly userTag: string | undefined;
}

/** One value for each kind, since a registry may have very many tags. */
const plain = Object.fromEntries(kinds.map((kind) => [kind, { kind }])) as Readonly<
  Record<Kind, Classified>
>;

/** Sorts a tag of a repository below the base. Grammar first, so that no setting makes a key a promoted tag. */
export function classify(repository: string, tag: string, names: Names): Classified {
  const own = byGrammar(tag);
  if (repository === recordRepositoryName) return recordKind(own);
  if (own !== undefined && own !== plain.claim) return own;
  if (tag === names.userTag) return plain.override;
  return names.isPromoted(tag) ? plain.promoted : plain.unknown;
}

function byGrammar(tag: string): Classified | undefined {
  const own = readTag(tag);
  if (own === undefined) return undefined;
  const kind = kindOf(own);
  return own.pipeline === undefined ? plain[kind] : { kind, pipeline: own.pipeline };
}

function kindOf({ kind, version, isTried, pipeline, machine, past }: OwnTag): Kind {
  if (kind === "claim") return "claim";
  if (kind === "layer") return "cache";
  if (version !== keyVersion) return "other-version";
  if (kind === "cache") return "cache";
  if (past !== undefined) return "past";
  // A run on somebody's machine promotes nothing.
  const isTry = isTried || machine !== undefined;
  if (kind === "set") return isTry ? "try-set" : "set";
  // What one pipeline refreshed; once promoted the key's own tag has it.
  if (pipeline !== undefined) return "pipeline";
  return isTry ? "try" : "key";
}

/** The name of the record's repository is berth's own: what is not a set's or a claim is a promoted set's record. */
function recordKind(own: Classified | undefined): Classified {
  if (own === undefined) return plain.promoted;
  if (own.kind === "set") return { ...own, kind: "record" };
  return own.kind === "claim" || own.kind === "other-version" ? own : plain.unknown;
}

const evidence: ReadonlySet<Kind> = new Set(["key", "try", "set", "try-set", "other-version"]);

/** Whether only berth puts tags of this kind, so that a repository with one of them is an image's. */
export function isEvidence(kind: Kind): boolean {
  return evidence.has(kind);
}

/** Compiles a glob over tags in which `*` stands for any characters. */
export function tagGlob(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map(RegExp.escape).join(".*")}$`);
}
