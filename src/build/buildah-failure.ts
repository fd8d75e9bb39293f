/** Why buildah failed, from its own last error line. */
import { BerthError } from "../errors.ts";
import type { RunResult } from "../world.ts";
import type { BuildRequest } from "./engine.ts";
import { lastLine, neverEnded, registryError, registryFailure, withoutSecrets } from "./failure.ts";
import { at, stepLine } from "./place.ts";

export const buildahProgram = {
  program: "buildah",
  get: "install it (apt-get install buildah netavark, or apk add buildah), or use the docker engine",
  lineOf,
};

const runnerRights =
  'buildah needs to be root in its container or a user with ranges in /etc/subuid, and to be allowed user namespaces: on GitLab\'s docker executor set security_opt = ["seccomp:unconfined", "apparmor:unconfined"] or privileged = true for the runner, on Kubernetes the seccomp and AppArmor profiles Unconfined, on hosts of Ubuntu 23.10 or later also sysctl kernel.apparmor_restrict_unprivileged_userns=0, or use the docker engine';

/** buildah's last word about its failure. */
function lineOf(result: RunResult): string {
  const line = lastLine(result.stderr, /^Error(?:: | during )|^time=.*id_map: /);
  return line.replace(/^Error: /, "").replace(/^time="[^"]*" level=\w+ msg="(.*)"$/, "$1");
}

/** Whether only the writing of cached layers failed, without which the build is as good. */
export function onlyCacheFailed(result: RunResult): boolean {
  return result.exitCode !== 0 && /^failed pushing cache to /.test(lineOf(result));
}

/**
 * Whether buildah could not start a command because the kernel was busy with the copy that it makes of itself;
 * rare, never the command's fault, and gone when it is tried again.
 */
export function couldNotStart(result: RunResult): boolean {
  return result.exitCode !== 0 && /^.*sealing memfd copy: /m.test(result.stderr);
}

/** The error for a machine on which buildah cannot work, or `undefined` where it is something else. */
export function machineError(doing: string, result: RunResult): BerthError | undefined {
  const line = lineOf(result);
  if (/could not find "netavark"/.test(line)) {
    return new BerthError("ENGINE_MISSING", `${doing}: netavark is not installed`, {
      hint: buildahProgram.get,
    });
  }
  const chroot = /error setting supplemental groups list: operation not permitted/;
  if (!noRights.test(line) && !chroot.test(result.stderr)) return undefined;
  return new BerthError("ENGINE_UNAVAILABLE", `${doing}: ${withoutSecrets(line)}`, {
    hint: runnerRights,
  });
}

const noRights =
  /newuidmap|newgidmap|id_map: |user: unknown userid|container config: stat |during unshare|unshare\(|user namespaces? .*(?:not|disabled)|mount[^:]*:.*(?:operation not permitted|permission denied)|setting "RLIMIT_/i;

/** The error for a build that did not end well. */
export function buildError(request: BuildRequest, result: RunResult): BerthError {
  const doing = `build ${request.name}`;
  const line = lineOf(result);
  const step = /^building at STEP "(.*)": (?:.*: )?(exit status \d+)$/.exec(line);
  const known = neverEnded(result, doing, buildahProgram) ?? machineError(doing, result);
  if (known !== undefined) return known;
  if (/subprocess exited on (?:terminated|interrupt)/.test(result.stderr)) {
    return new BerthError("INTERRUPTED", `${doing}: buildah was asked to end`);
  }
  if (step === null && registryFailure(line) !== undefined) {
    return registryError(doing, line, request.destination.host);
  }
  const what = step === null ? withoutPreamble(line) : `${step[1]}: ${step[2]}`;
  const place = at(request.source, stepLine(result.stdout, request.source));
  return new BerthError("BUILD_FAILED", `${doing}: ${place}${withoutSecrets(what)}`, {
    hint: "its last lines say more",
  });
}

/** What buildah says of the way to its message, which the place says better. */
function withoutPreamble(line: string): string {
  return line
    .replace(/^building at STEP "(.*?)": (?:checking on sources under "[^"]*": )?/, "$1: ")
    .replace(/^parsing main Dockerfile: \S+: /, "");
}
