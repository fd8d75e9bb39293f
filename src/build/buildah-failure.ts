/** Why buildah failed, from its own last error line, and what it is not given since it would fail or build something else. */

import { foldersAbove } from "../context/paths.ts";
import { keepsVolumesSince } from "../dockerfile/recipe.ts";
import { BerthError } from "../errors.ts";
import type { Files, RunResult } from "../world.ts";
import type { BuildahVersion } from "./buildah-input.ts";
import type { BuildRequest, SourceText } from "./engine.ts";
import {
  againHint,
  buildFailed,
  lastLine,
  neverEnded,
  registryError,
  registryFailure,
  withoutSecrets,
} from "./failure.ts";
import type { EngineCall } from "./hide.ts";

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

/** What the isolation that needs no rights makes of a heredoc's script, which it looks for in its own /dev. */
const scriptHint =
  "buildah runs no heredoc that begins with #! in its isolation chroot: COPY the script and run it, leave the #! out where it names the shell, or use the docker engine";

/** The error for a build that did not end well. */
export function buildError(request: BuildRequest, result: RunResult): BerthError {
  const doing = `build ${request.name}`;
  const line = lineOf(result);
  const step = /^building at STEP "(.*)": (?:.*: )?(exit status \d+)$/.exec(line);
  const known = neverEnded(result, doing, buildahProgram) ?? machineError(doing, result);
  if (known !== undefined) return known;
  if (/subprocess exited on (?:terminated|interrupt)/.test(result.stderr)) {
    return new BerthError("INTERRUPTED", `${doing}: buildah was asked to end`, {
      hint: againHint,
    });
  }
  if (step === null && registryFailure(line) !== undefined) {
    return registryError(doing, line, request.destination.host);
  }
  const own = inFull(withoutPreamble(line), result).replaceAll(`${request.contextFolder}/`, "");
  const what = step === null ? own : `${step[1]}: ${step[2]}`;
  const hint = result.stderr.includes("/dev/pipes/buildahheredoc") ? scriptHint : undefined;
  const [, , start] = unreadable.exec(line) ?? [];
  const at = start
    ? request.source.lines[Number(start) - 1]
    : stepLine(result.stdout, request.source);
  return buildFailed(request, at, what, hint);
}

/** An instruction that it cannot read, with its line: no step has begun. */
const unreadable = /^resolving step \{.*? Original:(.*) Flags:.* StartLine:(\d+) EndLine:\d+\}: /;

/** Of several failures buildah gives the number, and each on a line of its own below. */
function inFull(what: string, { stderr }: RunResult): string {
  const all = stderr.slice(stderr.lastIndexOf("Error: ")).matchAll(/^\t\* (.*)$/gm);
  const words = [...all].map(([, one = ""]) => withoutPreamble(one)).join("; ");
  return what.replace(/\d+ errors? occurred:$/, (count) => words || count);
}

/** What buildah says of the way to its message, which the place says better. */
function withoutPreamble(line: string): string {
  return line
    .replace(/^building at STEP "(.*?)": (?:checking on sources under "[^"]*": )?/, "$1: ")
    .replace(/^parsing main Dockerfile: \S+: /, "")
    .replace(/error during bulk transfer for copier\.request\{.*\}: /, "")
    .replace(unreadable, "$1: ");
}

/**
 * The line of the step at which buildah ended: `STEP 3/4: RUN …`, or `[2/3] STEP 3/4: …` with several stages.
 *
 * More steps than the stage has instructions are ONBUILD triggers of its base, which come right after its FROM.
 */
export function stepLine(output: string, { stages }: SourceText): number | undefined {
  const words = output.matchAll(/^(?:\[(\d+)\/(\d+)\] )?STEP (\d+)\/(\d+): /gm);
  const found = [...words].flatMap(([, stage = "1", count = "1", step = "", total = ""]) => {
    const steps = stages[Number(stage) - 1]?.steps ?? [];
    const triggers = Number(total) - steps.length;
    // Other lines that look alike are a command's own output.
    if (Number(count) !== stages.length || triggers < 0) return [];
    return [steps[Math.max(0, Number(step) - 1 - triggers)]?.line];
  });
  return found.at(-1);
}

/** The first version that knows heredocs. */
const heredocsSince = 33;
/** From here on a bind mount never leads out of the context (CVE-2024-1753). */
const linksSince = 36;

/** The first version that leaves in the image what a RUN's mount is put upon. */
const keepsTargetsSince = 31;

/** Refuses a request that this version cannot be given; BUILD_FAILED with file and line. */
export async function refuseMisread(
  request: BuildRequest,
  version: BuildahVersion,
  files: Pick<Files, "entry">,
): Promise<void> {
  const { dockerfile, source, traits } = request;
  refuseNoted(request, version);
  if (traits.heredocs && version.minor < heredocsSince) {
    const line = dockerfile.split("\n").findIndex((text) => text.includes("<<"));
    const what = `buildah ${version.text} does not know heredocs`;
    const instead = `use buildah 1.${heredocsSince} or later, or write the lines without one`;
    throw buildFailed(request, source.lines[line], what, instead);
  }
  if (traits.onScratch && /^linux\/arm\/v[0-6]$/.test(request.platform)) {
    const what = `buildah says linux/arm/v7 of what is made from scratch for ${request.platform}`;
    throw buildFailed(request, undefined, what, "use the docker engine");
  }
  if (traits.binds && version.minor < linksSince) await refuseLinks(request, version, files);
  if (traits.upon === undefined || version.minor >= keepsTargetsSince) return;
  const what = `buildah ${version.text} takes out of the image what is there where a RUN mounts something`;
  const instead = `use buildah 1.${keepsTargetsSince} or later, or the docker engine`;
  throw buildFailed(request, traits.upon, what, instead);
}

async function refuseLinks(
  request: BuildRequest,
  version: BuildahVersion,
  files: Pick<Files, "entry">,
): Promise<void> {
  const { traits } = request;
  if (traits.part !== undefined) {
    const what = `buildah ${version.text} follows a link in a mount's source out of the stage or image that it mounts`;
    const instead = `use buildah 1.${linksSince} or later, or mount the whole stage or image, without a source`;
    throw buildFailed(request, traits.part, what, instead);
  }
  for (const { path, line } of request.mounted)
    for (const part of [...foldersAbove(path), path]) {
      if ((await files.entry(`${request.contextFolder}/${part}`))?.kind !== "symlink") continue;
      const what = `buildah ${version.text} follows the link ${JSON.stringify(part)} of a bind mount's source out of the context`;
      const instead = `use buildah 1.${linksSince} or later, or name what the link leads to`;
      throw buildFailed(request, line, what, instead);
    }
}

/**
 * Refuses what a version made that takes back what a RUN changes below a VOLUME of its base: the base, which is at hand
 * after the build, tells of it.
 */
export async function refuseVolumes(
  request: BuildRequest,
  version: BuildahVersion,
  call: EngineCall,
): Promise<void> {
  const runs = request.source.stages.flatMap(({ steps }) =>
    steps.filter(({ keyword }) => keyword === "run"),
  );
  if (version.minor >= keepsVolumesSince || runs.length === 0) return;
  const inspect = [
    "inspect",
    "--type=image",
    "--format={{range $at, $_ := .Docker.Config.Volumes}}{{$at}} {{end}}",
  ];
  for (const base of basesIn(request)) {
    const { exitCode, stdout } = await call([...inspect, base], () => undefined);
    if (exitCode !== 0 || stdout.trim() === "") continue;
    const what = `buildah ${version.text} takes back what RUN changes in volumes of the base (${stdout.trim()})`;
    const instead = `use buildah 1.${keepsVolumesSince} or later, or the docker engine`;
    throw buildFailed(request, runs[0]?.line, what, instead);
  }
}

/** The images that the text is built on, each once; a stage's name the engine would take for the start of an image's id. */
function basesIn({ dockerfile, source: { lines, stages } }: BuildRequest): ReadonlySet<string> {
  const text = dockerfile.split("\n");
  const bases = stages.flatMap(({ steps: [from] }, index) => {
    const written = text.filter((_, at) => from!.line <= lines[at]! && lines[at]! <= from!.last);
    const pattern = /^\s*from(?:\s+--\S+|\s+[\\`])*\s+([^-\s]\S*)/i;
    const [, base = ""] = pattern.exec(written.join("\n")) ?? [];
    // Of stages only those above are meant: `FROM debian AS debian` is built on the image.
    const isStage = stages.slice(0, index).some(({ name }) => name === base.toLowerCase());
    return base === "" || isStage ? [] : [base];
  });
  return new Set(bases);
}

/** One key must not mean two images: what this buildah reads otherwise than BuildKit is not built with it. */
function refuseNoted({ name, source, notes }: BuildRequest, version: BuildahVersion): void {
  const problems = notes
    .filter(({ buildah: { below } }) => below === undefined || version.minor < below)
    .map(({ line, column, message }) => ({ file: source.file, line, column, message }));
  if (problems.length === 0) return;
  throw new BerthError(
    "BUILD_FAILED",
    `build ${name}: buildah ${version.text} reads ${source.file} otherwise than its key means`,
    { problems, hint: "change these lines, or build with the docker engine" },
  );
}
