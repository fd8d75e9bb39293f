/** What an engine says where it fails, as an error, and pushes that are tried once more. */
import { BerthError, type ErrorCode } from "../errors.ts";
import { lastingHint } from "../http/errors.ts";
import { imageOf } from "../image/image.ts";
import { printReference, type Reference } from "../oci/reference.ts";
import type { Clock, RunResult } from "../world.ts";
import type { BuildRequest } from "./engine.ts";

/** How many of the last lines of output an error carries, and how much of each. */
const shownLines = 20;
const shownLetters = 500;

const denied =
  /unauthorized|authentication required|no basic auth credentials|insufficient_scope|access (?:to the resource is )?(?:denied|forbidden)|requested access|\bdenied\b|\b40[13]\b/i;
const outage =
  /dial tcp|connection (?:refused|reset)|no such host|i\/o timeout|handshake timeout|context deadline exceeded|unexpected EOF|broken pipe|toomanyrequests|too many requests|(?:status|code|response)[^.]{0,40}\b(?:429|5\d\d)\b|\b5\d\d (?:internal|bad gateway|service|gateway)/i;
const certificate = /x509:|server gave HTTP response to HTTPS client/i;

export type RegistryCode = Extract<
  ErrorCode,
  "REGISTRY_DENIED" | "REGISTRY_REFUSED" | "REGISTRY_UNAVAILABLE"
>;

/** Which registry failure an engine's error line speaks of; `undefined` where it is about something else. */
export function registryFailure(line: string): RegistryCode | undefined {
  // Instructions and paths of this machine may hold any words.
  const words = line
    .replace(/\bSTEP ".*?": |\bprocess ".*" did not complete/, "")
    .replace(/(?<![\w.:/-])\/[^\s":]+/g, "");
  if (certificate.test(words)) return "REGISTRY_REFUSED";
  if (outage.test(words)) return "REGISTRY_UNAVAILABLE";
  return denied.test(words) ? "REGISTRY_DENIED" : undefined;
}

/** Whether the same may well succeed a moment later, as pushes to GitLab's registry sometimes need it. */
export function isPassing(line: string): boolean {
  const isLost = /blob unknown|blob upload (?:unknown|invalid)/i.test(line);
  return isLost || registryFailure(line) === "REGISTRY_UNAVAILABLE";
}

/** The error for a failed exchange with a registry, about what was being done there. */
export function registryError(doing: string, line: string, host: string): BerthError {
  const code = registryFailure(line) ?? "REGISTRY_REFUSED";
  return new BerthError(code, `${doing}: ${withoutSecrets(line)}`, {
    hint: certificateHint(line, host) ?? registryHints[code],
  });
}

/** What Go says of a certificate, with what Node calls the same. */
const certificates: readonly (readonly [RegExp, string])[] = [
  [/has expired or is not yet valid/, "CERT_HAS_EXPIRED"],
  [/is (?:not )?valid for|any IP SANs/, "ERR_TLS_CERT_ALTNAME_INVALID"],
  [/x509:/, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
];

function certificateHint(line: string, host: string): string | undefined {
  if (!certificate.test(line)) return undefined;
  const [, cause] = certificates.find(([words]) => words.test(line)) ?? [];
  return cause === undefined
    ? `${host} speaks plain http: say \`insecure\` of it in berth.yml, and for docker in its daemon's "insecure-registries"`
    : lastingHint(cause);
}

const registryHints: Record<RegistryCode, string> = {
  REGISTRY_DENIED: "check the login for this registry and its rights on this repository",
  REGISTRY_REFUSED:
    "the registry understood the request and will not carry it out; see its message",
  REGISTRY_UNAVAILABLE: "the registry could not be reached; run it again",
};

/** A program that builds or runs images. */
export interface EngineProgram {
  readonly program: string;
  /** How to install it. */
  readonly get: string;
}

/** For what a signal ended. */
export const againHint = "run it again: it goes on from what is in the registry";

/** The error for a program that was not there or that a signal ended; `undefined` where it ran to its end. */
export function neverEnded(
  result: RunResult,
  doing: string,
  { program, get }: EngineProgram,
): BerthError | undefined {
  if (result.missing) {
    return new BerthError("ENGINE_MISSING", `${doing}: ${program} is not installed`, { hint: get });
  }
  if (result.exitCode !== undefined) return undefined;
  if (result.signal === "SIGKILL") {
    return new BerthError("BUILD_FAILED", `${doing}: ${program} was killed`, {
      hint: "too little memory is the usual reason: build fewer at once (`parallel` in berth.yml), or on a larger runner",
    });
  }
  return new BerthError("INTERRUPTED", `${doing}: ${program} was ended by ${result.signal}`, {
    hint: againHint,
  });
}

const noSpace = /no space left on device|disk quota exceeded/i;

const spaceHint =
  "free some space where the engine keeps its images and layers (docker system prune; for buildah the folders berth* of the graphroot that `buildah info` tells), and where TMPDIR is";

/** The error for a build that failed, at a line of its Dockerfile where that is known. */
export function buildFailed(
  { name, source: { file } }: BuildRequest,
  line: number | undefined,
  what: string,
  hint = usualHint(what, name),
): BerthError {
  const place = line === undefined ? file : `${file}:${line}`;
  const code = noSpace.test(what) ? "DISK_FULL" : "BUILD_FAILED";
  return new BerthError(code, `build ${name}: ${place}: ${withoutSecrets(what)}`, { hint });
}

function usualHint(what: string, name: string): string {
  if (noSpace.test(what)) return spaceHint;
  return /manifest unknown|source metadata for .*: not found$/.test(what)
    ? "the registry does not have an image that this one is built from: see its FROM lines; where it is one of this project, run the plan job again, which builds what is gone"
    : `the engine's own lines say why; \`berth run --local ${imageOf(name)}\` tries a change without a push`;
}

/** Collects the newest lines while handing all of them on. */
export function lastLines(onLine: (line: string) => void) {
  const kept: string[] = [];
  return {
    kept,
    onLine: (line: string): void => {
      kept.push(line);
      if (kept.length > shownLines) kept.shift();
      onLine(line);
    },
  };
}

/** The error with an engine's last lines, fit for reports. */
export function withOutput(error: BerthError, lines: readonly string[]): BerthError {
  const output = lines.map((line) =>
    line.replaceAll(addressLogin, "//").slice(0, shownLetters).trimEnd(),
  );
  const { code, message, hint, problems } = error;
  return new BerthError(code, message, { hint, problems, output, cause: error });
}

/** The names of a list, one a line, but for one of them. */
export function otherThan(name: string, listed: string): readonly string[] {
  return listed.split("\n").filter((line) => line !== "" && line !== name);
}

/** The last line of a text that fits, or else the last one that is not empty. */
export function lastLine(text: string, pattern: RegExp): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return (lines.findLast((line) => pattern.test(line)) ?? lines.at(-1) ?? "no message").trim();
}

const addressLogin = /\/\/[^/\s"@]+@/g;

/** One line, of bounded length, without the logins and queries that addresses may carry. */
export function withoutSecrets(line: string): string {
  const text = line
    .replaceAll(addressLogin, "//")
    .replaceAll(/(\w:\/\/[^\s"?]*)\?[^\s"]*/g, "$1")
    .replaceAll(/\s+/g, " ");
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

const pauseMs = 2000;

/** Runs an engine, once more after a moment where that may help. */
export async function patiently(
  call: () => Promise<RunResult>,
  mayHelp: (result: RunResult) => boolean,
  clock: Clock,
): Promise<RunResult> {
  const result = await call();
  if ((result.exitCode ?? 0) === 0 || !mayHelp(result)) return result;
  await clock.sleep(pauseMs);
  return call();
}

/** Pushes, once more where the registry was only busy, and gives what the program said. */
export async function pushed(
  push: () => Promise<RunResult>,
  destination: Reference,
  engine: EngineProgram & { readonly lineOf: (result: RunResult) => string },
  clock: Clock,
): Promise<RunResult> {
  const result = await patiently(push, (said) => isPassing(engine.lineOf(said)), clock);
  if (result.exitCode === 0) return result;
  const doing = `push ${printReference(destination)}`;
  const line = engine.lineOf(result);
  const stopped = neverEnded(result, doing, engine);
  if (stopped !== undefined) throw stopped;
  if (noSpace.test(line) && registryFailure(line) === undefined)
    throw new BerthError("DISK_FULL", `${doing}: ${withoutSecrets(line)}`, { hint: spaceHint });
  throw registryError(doing, line, destination.host);
}

export function noDigest(destination: Reference, { program }: EngineProgram): BerthError {
  return new BerthError(
    "MANIFEST_INVALID",
    `push ${printReference(destination)}: ${program} named no digest`,
  );
}
