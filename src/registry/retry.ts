/** When a request is worth sending again, and how long to wait before. */

/** Whether a status speaks of the moment and not of the request. */
export function isTransient(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true;
  // 501 and 505 say that the server never will.
  return status >= 500 && status !== 501 && status !== 505;
}

/** Reads a Retry-After header, in seconds or as a date (RFC 9110, 10.2.3); milliseconds, never negative. */
export function retryAfterMs(header: string | null, now: Date): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** Doubling from one second, up to half of it taken off at random so that jobs do not march in step. */
export function backoffMs(attempt: number, random: () => number): number {
  const full = 1000 * 2 ** (attempt - 1);
  return Math.round(full / 2 + (random() * full) / 2);
}

/** Names the cause of a failed fetch by its code, never by its text. */
export function networkCause(error: unknown): string {
  for (let at: unknown = error, depth = 0; depth < 5 && at instanceof Error; depth++) {
    if ("code" in at && typeof at.code === "string" && /^[A-Z0-9_]{2,60}$/.test(at.code)) {
      return at.code;
    }
    at = at.cause;
  }
  return "connection failed";
}

/** Trying again does not make a certificate good. */
export function isCertificateProblem(cause: string): boolean {
  return /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|INVALID_CA|EPROTO)/.test(
    cause,
  );
}
