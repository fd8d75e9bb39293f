/** What a tag is, told by its repository and its name alone. */
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
  "unknown",
] as const;

export type Kind = (typeof kinds)[number];

export interface Classified {
  readonly kind: Kind;
  /** The pipeline of a set's further generation. */
  readonly generation?: number;
}

/** Names that a project gives, beside those that berth's own grammar tells. */
export interface Names {
  /** Tags that are moved by `publish`, also for branches that are gone. */
  readonly isPromoted: (tag: string) => boolean;
  /** What the user of this run set as `<PREFIX>_CONTAINER_TAG`. */
  readonly userTag: string | undefined;
}

const grammar: readonly (readonly [Kind, RegExp])[] = [
  ["key", /^key-[0-9a-f]{64}$/],
  ["try", /^try-[0-9a-f]{64}$/],
  ["set", /^set-[0-9a-f]{64}(?:-r[0-9]{1,15})?$/],
  ["try-set", /^try-set-[0-9a-f]{64}(?:-r[0-9]{1,15})?$/],
  ["pipeline", /^p[0-9]{1,15}$/],
  // What one pipeline refreshed; once promoted the key's own tag has it.
  ["pipeline", /^(?:key|try)-[0-9a-f]{64}-r[0-9]{1,15}$/],
  // The same of a run on somebody's machine.
  ["try", /^(?:key|try)-[0-9a-f]{64}-l[0-9]{1,15}$/],
  ["try-set", /^(?:try-)?set-[0-9a-f]{64}-l[0-9]{1,15}$/],
  ["cache", /^(?:try-)?(?:cache|built)[0-9]*$/],
  ["cache", /^[0-9a-f]{64}$/],
];

/** One value for each kind, since a registry may have very many tags. */
const plain = Object.fromEntries(kinds.map((kind) => [kind, { kind }])) as Readonly<
  Record<Kind, Classified>
>;

/** The key or set id that the name of such a tag tells; the name itself where it tells none. */
export function idOf(tag: string): string {
  return /[0-9a-f]{64}/.exec(tag)?.[0] ?? tag;
}

/** The pipeline that such a tag is of. */
export function pipelineOf(tag: string): number {
  return Number(/(?:^p|-r)([0-9]+)$/.exec(tag)?.[1]);
}

/** Sorts a tag of a repository below the base. Grammar first, so that no setting makes a key a promoted tag. */
export function classify(repository: string, tag: string, names: Names): Classified {
  const own = byGrammar(tag);
  if (repository === recordRepositoryName) return recordKind(tag, own);
  if (own !== undefined) return own;
  if (tag === names.userTag) return plain.override;
  return names.isPromoted(tag) ? plain.promoted : plain.unknown;
}

function byGrammar(tag: string): Classified | undefined {
  const kind = grammar.find(([, pattern]) => pattern.test(tag))?.[0];
  if (kind === undefined) return undefined;
  const isGeneration = (kind === "set" || kind === "try-set") && /-r[0-9]+$/.test(tag);
  return isGeneration ? { kind, generation: generationOf(tag) } : plain[kind];
}

/** The pipeline of a generation's tag; 0 for the first, which names none. */
export function generationOf(tag: string): number {
  return Number(/-r([0-9]+)$/.exec(tag)?.[1] ?? 0);
}

/** The name of the record's repository is berth's own: what is not a set's or a claim is a promoted set's record. */
function recordKind(tag: string, own: Classified | undefined): Classified {
  if (own?.kind === "set") return { ...own, kind: "record" };
  if (/^promote-.+-[0-9a-f]{40,64}$/.test(tag)) return plain.claim;
  return own === undefined ? plain.promoted : plain.unknown;
}

/** Whether only berth puts tags of this kind, so that a repository with one of them is an image's. */
export function isEvidence(kind: Kind): boolean {
  return kind === "key" || kind === "try" || kind === "set" || kind === "try-set";
}

/** Kinds whose tags name what a commit needs. */
export const keyTagKinds: ReadonlySet<Kind> = new Set(["key", "try", "set", "try-set", "record"]);

/** Compiles a glob over tags in which `*` stands for any characters. */
export function tagGlob(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map(escapeText).join(".*")}$`);
}

function escapeText(text: string): string {
  return text.replace(/[.\\^$+*?()[\]{}|]/g, "\\$&");
}
