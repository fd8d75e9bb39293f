/** What a registry asks for when it answers 401 (RFC 9110, 11.6.1; the distribution project's token.md). */

export interface Challenge {
  /** Lower case, such as `bearer`. */
  readonly scheme: string;
  /** Parameters by lower-case name; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const blank = /[ \t,]*/y;
const word = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/sy;
// Also what a careless server leaves unquoted, such as a URL.
const bare = /[^\s,"]+/y;
const token68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;

/**
 * Reads a WWW-Authenticate header, which may hold several challenges with quoted commas between.
 *
 * Never throws: it stops at what it cannot read and gives the challenges before that.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(blank);
    const name = take(word)?.[0].toLowerCase();
    if (name === undefined) return challenges;
    const current = challenges.at(-1);
    if (take(equals) === undefined) {
      challenges.push({ scheme: name, parameters: new Map() });
      if (!startsParameter(header, at)) take(token68);
      continue;
    }
    const value = take(quoted)?.[1]?.replace(/\\(.)/gs, "$1") ?? take(bare)?.[0] ?? "";
    if (current === undefined) return challenges;
    if (!current.parameters.has(name)) current.parameters.set(name, value);
  }
}

function startsParameter(header: string, at: number): boolean {
  return /^[ \t]+[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ \t]*[^=\s,]/.test(header.slice(at));
}

/** The token service that a bearer challenge names; `undefined` where it names none that can be read. */
export function tokenServiceOf(
  challenges: readonly Challenge[],
): { readonly realm: URL; readonly service: string | undefined } | undefined {
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  const realm = bearer?.parameters.get("realm") ?? "";
  if (!URL.canParse(realm)) return undefined;
  return { realm: new URL(realm), service: bearer?.parameters.get("service") };
}
