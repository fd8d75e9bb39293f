/** What COPY, ADD and mounts read: paths of the build context, or the network. */

import { normalize } from "node:path/posix";
import { globSegment, hasWildcard } from "./pattern.ts";

/** A part of the build context that a build may read. */
export type CopySource =
  | {
      readonly kind: "path";
      /**
       * Below the context's root, without `./`, `..` and slashes at either end; `""` is the root. Whatever
       * it names, all below it is reached too.
       */
      readonly pattern: string;
      /** The pattern is one of Go's filepath.Match, of as many segments; otherwise it is plain text. */
      readonly wildcards: boolean;
      /** What links below it lead to is reached too, also outside of it. */
      readonly follow?: true;
      readonly line: number;
    }
  | { readonly kind: "everything"; readonly line: number; readonly because: string };

/** What a source of COPY or ADD reaches, from its text after expansion. */
export function copySource(text: string, parents: boolean, line: number): CopySource {
  const pattern = below(text);
  const segments = pattern.split("/");
  const plain = segments.findIndex(hasWildcard);
  const backslash = segments.some((segment) => segment.includes("\\") && !hasWildcard(segment));
  const malformed = segments.some(
    (segment) => hasWildcard(segment) && globSegment(segment) === undefined,
  );
  // BuildKit takes a backslash in a plain name as it is, others as an escape.
  const because = backslash ? "engines differ on its backslash" : "its pattern is malformed";
  if (backslash || malformed) {
    return { kind: "everything", line, because: `source ${JSON.stringify(text)}: ${because}` };
  }
  if (plain < 0) return { kind: "path", pattern, wildcards: false, line };
  // `**` crosses folders in some engines and with --parents, so the whole folder in front of it counts,
  // with what its links lead to: a link that a wildcard names is followed.
  if (!parents && !pattern.includes("**")) return { kind: "path", pattern, wildcards: true, line };
  const folder = segments.slice(0, plain).join("/");
  return { kind: "path", pattern: folder, wildcards: false, follow: true, line };
}

/** What a bind mount reaches; its source has no wildcards. */
export function mountSource(text: string, line: number): CopySource {
  return { kind: "path", pattern: below(text), wildcards: false, line };
}

function below(text: string): string {
  return normalize(`/${text}`).replace(/^\/+|\/+$/g, "");
}

/** Makes a test of paths (of files, below the context's root) for a source. */
export function sourceMatcher(source: CopySource): (path: string) => boolean {
  if (source.kind === "everything" || source.pattern === "") return () => true;
  const { pattern, wildcards } = source;
  if (!wildcards) return (path) => path === pattern || path.startsWith(`${pattern}/`);
  const segments = pattern.split("/").map((segment) => globSegment(segment) ?? "(?!)");
  const expression = new RegExp(`^${segments.join("/")}(?:/|$)`, "su");
  return (path) => expression.test(path);
}

export type Remote = "git" | "http";

/** Does ADD fetch the source from the network, and how? */
export function remoteOf(source: string): Remote | undefined {
  if (/^(git|ssh):\/\/|^[\w-]+@[\w.-]+:/i.test(source)) return "git";
  if (!/^https?:\/\//i.test(source)) return undefined;
  return /^[^?#]*\.git\/?([?#]|$)/.test(source) ? "git" : "http";
}

const commit = "(?:[0-9a-f]{40}|[0-9a-f]{64})";
const pinnedFragment = new RegExp(`#${commit}(?::|$)`);

/** Is it certain which bytes ADD gets? */
export function isPinned(source: string, remote: Remote, checksum: string | undefined): boolean {
  if (remote === "http")
    return /^sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/.test(checksum ?? "");
  if (checksum !== undefined) return new RegExp(`^${commit}$`).test(checksum);
  // Older engines fetch an address with a query as it stands.
  return pinnedFragment.test(source) && !source.includes("?");
}

/** Does the configuration allow the source: by its text, or by the text in front of a `*` at the end? */
export function isAllowed(source: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) =>
    entry.endsWith("*") ? source.startsWith(entry.slice(0, -1)) : source === entry,
  );
}
