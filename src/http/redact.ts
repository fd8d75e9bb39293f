/** Keeps secrets out of everything that a person may read. */

export type Redactor = ReturnType<typeof makeRedactor>;

const maxLength = 300;

export function makeRedactor() {
  const secrets = new Set<string>();
  const without = (text: string, known: readonly string[]) =>
    known
      .reduce((left, secret) => left.replaceAll(secret, "***"), text)
      .replace(/eyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, "***");
  return {
    /** Remembers a secret. */
    hide(secret: string): void {
      // Replacing very short strings would only make the text unreadable, and tell their length.
      if (secret.length >= 4) secrets.add(secret);
    },
    /** The text on one line, without the secrets, tokens and URL queries in it. */
    clean(text: string): string {
      const line = without(text, [...secrets])
        .replace(/\b(basic|bearer)\s+[\w+/=.~-]{8,}/gi, "$1 ***")
        .replace(/(https?:\/\/)[^\s/@]*@/gi, "$1")
        .replace(/(https?:\/\/[^\s"'?]*)\?[^\s"']*/gi, "$1")
        .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, " ")
        .trim();
      return line.length > maxLength ? `${line.slice(0, maxLength)}...` : line;
    },
    /** The text as it is but for secrets and tokens: the last look at what leaves the client. */
    conceal(text: string): string {
      // A host name comes back in lower case; a short password may be a word of a name that is ours.
      const long = [...secrets].filter(({ length }) => length >= 8);
      return without(
        text,
        long.flatMap((secret) => [secret, secret.toLowerCase()]),
      );
    },
  };
}
