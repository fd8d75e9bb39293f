/** From a server's answer, or from none, to an error that says what happened and what to do. */
import { BerthError, type ErrorCode } from "../errors.ts";
import { isObject, readObject } from "../json.ts";
import type { FetchHeaders } from "../world.ts";
import type { Redactor } from "./redact.ts";

/** What an answer is judged by. */
export interface Answered {
  readonly status: number;
  readonly headers: FetchHeaders;
  readonly bytes: Uint8Array;
}

/** One entry of a registry's error body (distribution-spec, error codes); its `detail` is never read. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
}

/** Reads the error bodies that registries and token services send; none where it is something else. */
export function readComplaints(bytes: Uint8Array): readonly Complaint[] {
  const { errors, error, error_description, message } = readObject(bytes) ?? {};
  if (Array.isArray(errors))
    return errors
      .filter(isObject)
      .map(({ code, message: said }) => ({ code: textOf(code), message: textOf(said) }));
  // The spellings of OAuth 2 and of proxies.
  if (typeof error === "string") return [{ code: error, message: textOf(error_description) }];
  return typeof message === "string" ? [{ code: "", message }] : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

// A manifest may lack many blobs; a line is to be read.
const maxComplaints = 3;

/** The status with what the registry says about it, such as `403 DENIED: access forbidden`. */
export function printStatus(
  { status, bytes }: Pick<Answered, "status" | "bytes">,
  redactor: Redactor,
): string {
  const complaints = readComplaints(bytes).map(({ code, message }) =>
    [code, message].filter((part) => part !== "").join(": "),
  );
  const said = [...new Set(complaints)].filter((part) => part !== "").slice(0, maxComplaints);
  const words = said.join("; ");
  // GitLab's API says its status once more.
  return redactor.clean(words.startsWith(`${status} `) ? words : `${status} ${words}`.trimEnd());
}

// distribution-spec, error codes: what speaks of the request. GitLab's registry sends some with a 500.
const finalCodes =
  /^(?:BLOB_UNKNOWN|BLOB_UPLOAD_INVALID|DENIED|IMMUTABLE_TAG|MANIFEST_[A-Z_]+|NAME_[A-Z]+|PROTECTED_[A-Z]+|SIZE_INVALID|TAG_[A-Z_]+|UNAUTHORIZED|UNSUPPORTED)$/;

/** Whether a refusal is about a tag, as GitLab's registry has 401 for those too, and no login would change it. */
export function isAboutTag({ bytes }: Pick<Answered, "bytes">): boolean {
  return readComplaints(bytes).some(({ code }) => /^(?:IMMUTABLE|PROTECTED|TAG)_/.test(code));
}

/** Whether an answer speaks of the moment and not of the request, so that another try may help. */
export function mayPass({ status, bytes }: Pick<Answered, "status" | "bytes">): boolean {
  return isTransient(status) && !readComplaints(bytes).some(({ code }) => finalCodes.test(code));
}

/** Whether a status speaks of the moment and not of the request. */
export function isTransient(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true;
  // 501 and 505 say that the server never will.
  return status >= 500 && status !== 501 && status !== 505;
}

/** What was to be done, and by whom. */
export interface Attempted {
  /** What was being done, on what. */
  readonly purpose: string;
  readonly access: "pull" | "push" | "delete";
  readonly hasLogin: boolean;
  /** Whether it was the login that was not taken, and not what was to be done with it. */
  readonly isLoginRefused?: boolean;
}

/** Makes the error for an answer that is neither success nor absence. */
export function statusError(
  answered: Pick<Answered, "status" | "bytes">,
  attempted: Attempted,
  redactor: Redactor,
): BerthError {
  const code = codeFor(answered);
  const what = printStatus(answered, redactor);
  if (code === "REGISTRY_DENIED") return deniedError(what, { isLoginRefused: false, ...attempted });
  const hint = code === "REGISTRY_UNAVAILABLE" ? unavailableHint : refusedHint(answered);
  return new BerthError(code, `${attempted.purpose}: ${what}`, { hint });
}

function codeFor(answered: Pick<Answered, "status" | "bytes">): ErrorCode {
  if (answered.status === 401 || answered.status === 403) return "REGISTRY_DENIED";
  return mayPass(answered) ? "REGISTRY_UNAVAILABLE" : "REGISTRY_REFUSED";
}

/** The error for a right that is missing, by what was to be done. */
export function deniedError(what: string, attempted: Attempted): BerthError {
  const { purpose, access, hasLogin, isLoginRefused = what.startsWith("401") } = attempted;
  const refused = isLoginRefused ? loginHint : rightsHints[access];
  const hint = hasLogin ? refused : noLoginHint;
  return new BerthError("REGISTRY_DENIED", `${purpose}: ${what}`, { hint });
}

const noLoginHint =
  "there is no login for this registry: log in (docker, podman or buildah login), or set DOCKER_AUTH_CONFIG";

const loginHint =
  "the login is not taken: it is wrong, has expired or was withdrawn; a CI job token is good only while its job runs";

const mayWrite = (verb: string) =>
  `check that the login may ${verb} here; a CI job token may only do so in its own project, and protected tags or repositories ask for a higher role`;

const rightsHints = {
  pull: "check that the login may read it; a CI job token needs this project on the other project's job token allowlist",
  push: mayWrite("push"),
  delete: mayWrite("delete"),
} as const;

function refusedHint({ status, bytes }: Pick<Answered, "status" | "bytes">): string {
  if (status === 405)
    return "it may take no writes for a while, as GitLab's does while its garbage is collected: run the job again later, or ask its admins";
  // What servers that expect TLS answer to plain http.
  if (/HTTP request[^.]*HTTPS/i.test(new TextDecoder().decode(bytes.subarray(0, 1000)))) {
    return "this server speaks TLS, and is asked in plain http, as one on loopback or that berth.yml calls `insecure`: use its network name, and take out `insecure`";
  }
  const codes = readComplaints(bytes).map((complaint) => complaint.code);
  return codes.includes("MANIFEST_BLOB_UNKNOWN") || codes.includes("MANIFEST_UNKNOWN")
    ? "something that the manifest refers to is not in that repository; put it there first"
    : "check the reference, and that this registry supports the operation";
}

export const unavailableHint =
  "the registry cannot be used at the moment; try again later, and see its status page";

/** For a status 429, by whether a login was sent. */
export const limitHints = {
  login:
    "too many requests of this login, or from here: try again later; bases come through GitLab's dependency proxy too, where FROM names it",
  anonymous:
    "too many requests from here: log in to that registry, which raises its limit, or name GitLab's dependency proxy in FROM",
} as const;

/** Whether a registry asked to wait longer than berth does. */
export function isLimited({ hint }: BerthError): boolean {
  return Object.values<string | undefined>(limitHints).includes(hint);
}

/** REGISTRY_REFUSED for a web page, which no registry sends for what we ask, not even where it has nothing. */
export function refuseWebPage({ headers }: Answered, purpose: string): void {
  // Where a proxy puts its own page in place of a registry's 404, this header stays.
  if (!isWebPage(headers) || headers.has("docker-distribution-api-version")) return;
  throw new BerthError("REGISTRY_REFUSED", `${purpose}: the answer is a web page`, {
    hint: "check the registry's host name and port (gitlab.com's is registry.gitlab.com), and whether a proxy or a login page stands before it",
  });
}

/** Request Header Fields Too Large (RFC 6585), and what nginx answers itself: 494, told outside as a 400 with a page. */
export function isTooLong({ status, headers }: Answered): boolean {
  return status === 431 || status === 494 || (status === 400 && isWebPage(headers));
}

function isWebPage(headers: FetchHeaders): boolean {
  return /^\s*(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "");
}

/** Reads a Retry-After header, in seconds or as a date of the server's clock (RFC 9110, 10.2.3); 0 where it asks for nothing. */
export function retryAfterMs(headers: FetchHeaders, now: Date): number {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Math.max(0, date - (Date.parse(headers.get("date") ?? "") || now.getTime())) || 0;
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

/** What a connection failed of that will fail again, by the system's and OpenSSL's codes, with what to do. */
const lasting: readonly (readonly [RegExp, string])[] = [
  [
    /^ENOTFOUND$/,
    "check the host's name; behind a proxy set NODE_USE_ENV_PROXY=1 beside HTTPS_PROXY",
  ],
  [
    /^(ERR_TLS_CERT_ALTNAME|HOSTNAME_)/,
    "the server's certificate is for another host: check the name",
  ],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)/,
    "renew the server's certificate, or set this machine's clock",
  ],
  [
    /^(EPROTO|ERR_SSL_WRONG_VERSION)/,
    "the server does not speak TLS: check the port; `insecure` in berth.yml names hosts of plain http",
  ],
  [
    /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA)/,
    "name the authority of the server's certificate with NODE_EXTRA_CA_CERTS, and docker's daemon in its /etc/docker/certs.d",
  ],
];

/** What to do about a failure that no other try mends; none where one may. */
export function lastingHint(cause: string): string | undefined {
  return lasting.find(([codes]) => codes.test(cause))?.[1];
}
