/** What `berth explain` compares with, and which registries it may ask. */
import { type Against, imageAgainst, revisionAgainst, startAgainst } from "../explain/against.ts";
import { isTag, parseReference, type Reference, withTag } from "../oci/reference.ts";
import type { Source } from "../plan/places.ts";
import { promotedTag } from "./explain-states.ts";
import type { Session } from "./session.ts";
import { usageError } from "./verb.ts";

export interface AgainstQuery {
  readonly name: string;
  /** As the user wrote it. */
  readonly against: string | undefined;
  readonly head: string | undefined;
  /** Whether the working tree's key is another than its commit's. */
  readonly isDirty: () => Promise<boolean>;
  /** None where no registry is to be asked. */
  readonly sources: readonly Source[];
  /** Those that have answered. */
  readonly reachable: readonly Source[];
}

/** Finds what the user named; without a name the promoted image, and without one the history. */
export async function againstOf(
  query: AgainstQuery,
  session: Session,
): Promise<Against | undefined> {
  const { against } = query;
  return against === undefined ? usual(query, session) : named(against, query, session);
}

async function usual(query: AgainstQuery, session: Session): Promise<Against | undefined> {
  const { name, reachable, head, isDirty } = query;
  const { situation, project } = session;
  const tag = await promotedTag(session);
  const promoted = tag === undefined ? undefined : await tagged(tag, name, reachable, session);
  if (promoted !== undefined && isTelling(promoted)) return promoted;
  if (head === undefined) return undefined;
  return startAgainst(head, await isDirty(), situation.defaultBranch, project.git);
}

/** Whether an image says enough to be compared; one that berth did not build may not. */
function isTelling({ key, revision }: Against): boolean {
  return key !== null || revision !== null;
}

async function named(
  against: string,
  { name, sources }: AgainstQuery,
  session: Session,
): Promise<Against | undefined> {
  const { project, login } = session;
  if (against === "upstream") return inUpstream(name, sources, session);
  const isPromoted = project.config.publish.some(({ tag }) => tag === against);
  const revision = isPromoted ? undefined : await revisionAgainst(against, project.git);
  if (revision !== undefined) return revision;
  const reference = fullReference(against);
  const found =
    reference === undefined
      ? await tagged(against, name, sources, session)
      : await imageAgainst(reference, against, login.registry);
  if (found !== undefined) return found;
  const where = sources.length === 0 ? "; no registry was asked" : "";
  throw usageError(
    `compare ${name} with ${against}: neither a revision nor an image is called that${where}`,
    "give a revision of this clone (git fetch may help), a tag of the image, `upstream`, or host/path:tag",
  );
}

/** `host/path:tag`; the host must be written, for `origin/master` is a branch. */
function fullReference(text: string): Reference | undefined {
  const first = text.split("/")[0] ?? "";
  const hasHost = text.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return hasHost ? parseReference(text) : undefined;
}

async function tagged(
  tag: string,
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against | undefined> {
  if (!isTag(tag)) return undefined;
  for (const source of sources) {
    const found = await inSource(source, tag, name, session);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function inUpstream(
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against> {
  const upstream = sources.find(({ kind }) => kind === "upstream");
  if (upstream === undefined)
    throw usageError(
      `compare ${name} with upstream: no upstream is known`,
      `set \`upstream\` in the configuration or ${session.project.config.prefix}_UPSTREAM, and do not give --offline`,
    );
  const tag = (await promotedTag(session)) ?? "latest";
  const found = await inSource(upstream, tag, name, session);
  if (found !== undefined) return { ...found, label: `upstream's ${tag}` };
  throw usageError(
    `compare ${name} with upstream: it has no ${name}:${tag}`,
    "give another tag or a revision with --against",
  );
}

function inSource(source: Source, tag: string, name: string, { login }: Session) {
  const repository = source.repositoryOf(name);
  return imageAgainst(withTag(repository, tag), tag, login.registry);
}
