/** The command line that people and hooks run most, read without loading the argument parser. */

export interface PlainKey {
  readonly names: readonly string[];
  readonly options: { readonly json: boolean };
}

/** Reads `key [--json] [NAME…]`; `undefined` for anything with other flags, which the parser then reads. */
export function plainKey([command, ...rest]: readonly string[]): PlainKey | undefined {
  const names = rest.filter((arg) => arg !== "--json");
  if (command !== "key" || names.some((name) => name.startsWith("-"))) return undefined;
  return { names, options: { json: names.length < rest.length } };
}
