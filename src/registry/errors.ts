/** From a registry's answer to an error that says what happened and what to do. */
import { BerthError, type ErrorCode } from "../errors.ts";
import type { FetchHeaders } from "../world.ts";
import type { Redactor } from "./redact.ts";
import { isTransient } from "./retry.ts";

/** One entry of a registry's error body (distribution-spec, error codes); its `detail` is never read. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
}

/** Reads the error bodies that registries and token services send; none where it is something else. */
export function readComplaints(bytes: Uint8Array): readonly Complaint[] {
  const document = parseJson(bytes);
  if (typeof document !== "object" || document === null) return [];
  const { errors, error, error_description, message } = document as Record<string, unknown>;
  if (Array.isArray(errors)) return errors.flatMap(readComplaint);
  // The spellings of OAuth 2 and of proxies.
  if (typeof error === "string") return [{ code: error, message: textOf(error_description) }];
  return typeof message === "string" ? [{ code: "", message }] : [];
}

function readComplaint(value: unknown): readonly Complaint[] {
  if (typeof value !== "object" || value === null) return [];
  const { code, message } = value as Record<string, unknown>;
  return [{ code: textOf(code), message: textOf(message) }];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** The status with what the registry says about it, such as `403 DENIED: access forbidden`. */
export function printStatus(status: number, bytes: Uint8Array, redactor: Redactor): string {
  const complaints = readComplaints(bytes).map(({ code, message }) =>
    [code, message].filter((part) => part !== "").join(": "),
  );
  const said = [...new Set(complaints)].filter((part) => part !== "").slice(0, maxComplaints);
  return redactor.clean([`${status}`, said.join("; ")].join(" ").trimEnd());
}

// A manifest may lack many blobs; a line is to be read.
const maxComplaints = 3;

// distribution-spec, error codes: what speaks of the request. GitLab's registry sends some with a 500.
const finalCodes =
  /^(?:BLOB_UNKNOWN|BLOB_UPLOAD_INVALID|DENIED|IMMUTABLE_TAG|MANIFEST_[A-Z_]+|NAME_[A-Z]+|PROTECTED_[A-Z]+|SIZE_INVALID|TAG_[A-Z_]+|UNAUTHORIZED|UNSUPPORTED)$/;

/** Whether an answer speaks of the moment and not of the request, so that another try may help. */
export function mayPass(status: number, bytes: Uint8Array): boolean {
  return isTransient(status) && !readComplaints(bytes).some(({ code }) => finalCodes.test(code));
}

export interface Failed {
  /** What was being done, on what. */
  readonly purpose: string;
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly redactor: Redactor;
  readonly access: "pull" | "push" | "delete";
  readonly hasLogin: boolean;
}

/** Makes the error for an answer that is neither success nor absence. */
export function statusError(failed: Failed): BerthError {
  const { purpose, status, bytes, redactor } = failed;
  const code = codeFor(status, bytes);
  const hint = code === "REGISTRY_DENIED" ? deniedHint(failed) : hintFor(code, bytes);
  return new BerthError(code, `${purpose}: ${printStatus(status, bytes, redactor)}`, { hint });
}

function codeFor(status: number, bytes: Uint8Array): ErrorCode {
  if (status === 401 || status === 403) return "REGISTRY_DENIED";
  return mayPass(status, bytes) ? "REGISTRY_UNAVAILABLE" : "REGISTRY_REFUSED";
}

/** What to do about missing rights, by what was to be done. */
export function deniedHint({ access, hasLogin }: Pick<Failed, "access" | "hasLogin">): string {
  if (!hasLogin) {
    return "there is no login for this registry: run `docker login` for it, or set DOCKER_AUTH_CONFIG";
  }
  if (access === "pull") {
    return "check that the login may read it; a CI job token needs this project on the other project's job token allowlist";
  }
  const verb = access === "push" ? "push" : "delete";
  return `check that the login may ${verb} here; a CI job token may only do so in its own project, and protected tags or repositories ask for a higher role`;
}

function hintFor(code: ErrorCode, bytes: Uint8Array): string {
  if (code === "REGISTRY_UNAVAILABLE") return unavailableHint;
  // What servers that expect TLS answer to plain http.
  if (/HTTP request[^.]*HTTPS/i.test(new TextDecoder().decode(bytes.subarray(0, 1000)))) {
    return "this server speaks TLS, but a host on loopback is asked in plain http: use its network name";
  }
  const codes = readComplaints(bytes).map((complaint) => complaint.code);
  return codes.includes("MANIFEST_BLOB_UNKNOWN") || codes.includes("MANIFEST_UNKNOWN")
    ? "something that the manifest refers to is not in that repository; put it there first"
    : "check the reference, and that this registry supports the operation";
}

export const unavailableHint =
  "the registry cannot be used at the moment; try again later, and see its status page";

/** Whether an answer is a web page, which no registry sends for what we ask. */
export function isWebPage(headers: FetchHeaders): boolean {
  return /^\s*(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "");
}

export function webPageError(purpose: string): BerthError {
  return new BerthError("REGISTRY_REFUSED", `${purpose}: the answer is a web page`, {
    hint: "check the registry's host name and port, and whether a proxy or a login page stands before it",
  });
}
