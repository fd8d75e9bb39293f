/** How many scopes one token may hold: what carries it is a header, and proxies refuse long ones. */
import { fitting, isReadOnly, readEntries, type Scope } from "./scope.ts";

/** Lengths in characters of a token's text. */
export interface TokenSize {
  /** What a token has whatever it grants. */
  readonly fixed: number;
  /** What a scope adds that only reads, and any other. */
  readonly read: number;
  readonly write: number;
}

/** nginx takes header lines of 8 KiB, `Authorization: Bearer ` and what a proxy adds among them. */
export const maxToken = 7_500;

/** GitLab's, without rules for protected tags, which lengthen every scope. */
export const usualSize: TokenSize = { fixed: 2_600, read: 300, write: 400 };

/** What a token tells of the next ones; one that cannot be read is as long as its scopes make it. */
export function sizeOf(token: string, scopes: readonly Scope[]): TokenSize {
  const entries = readEntries(token);
  if (entries === undefined) {
    const each = Math.ceil(token.length / Math.max(scopes.length, 1));
    return { fixed: 0, read: each, write: each };
  }
  const sizes = entries.map((entry) => {
    const length = Math.ceil((JSON.stringify(entry).length * 4) / 3) + 2;
    return { length, isRead: isReadOnly([entry]) };
  });
  const longest = (isRead: boolean) =>
    Math.max(0, ...sizes.filter((size) => size.isRead === isRead).map(({ length }) => length));
  const [read, write] = [longest(true), longest(false)];
  return {
    fixed: Math.max(0, token.length - sizes.reduce((sum, { length }) => sum + length, 0)),
    read: read || write || usualSize.read,
    // What may write lists the rules that it must keep to.
    write: write || Math.ceil(read * 1.6) || usualSize.write,
  };
}

/** As many of the scopes, from the first on, as a token of that length may hold; always `needed` of them. */
export function fittingToken(
  { fixed, read, write }: TokenSize,
  scopes: readonly Scope[],
  { needed, max }: { readonly needed: number; readonly max: number },
): readonly Scope[] {
  const lengthOf = (scope: Scope) => (isReadOnly([scope]) ? read : write);
  return fitting(scopes, lengthOf, { begin: fixed, max, needed });
}
