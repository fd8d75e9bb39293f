/** What a registry says of how it wants to be asked. */

const part = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/gs;

/**
 * Reads what a WWW-Authenticate header asks for (RFC 9110, 11.6.1): a token before a password;
 * `undefined` where it is neither, or names no token service that can be asked.
 */
export function readChallenge(header: string) {
  const bearer = new Map<string, string>();
  const schemes: string[] = [];
  for (const [, word = "", quoted, bare] of header.matchAll(part)) {
    const name = word.toLowerCase();
    const value = quoted?.replace(/\\(.)/gs, "$1") ?? bare;
    if (value === undefined) schemes.push(name);
    else if (schemes.at(-1) === "bearer" && !bearer.has(name)) bearer.set(name, value);
  }
  const realm = bearer.get("realm") ?? "";
  const error = bearer.get("error");
  if (URL.canParse(realm))
    return { kind: "token", realm: new URL(realm), service: bearer.get("service"), error } as const;
  return schemes.includes("basic") ? ({ kind: "password" } as const) : undefined;
}
