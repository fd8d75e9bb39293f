/** Why docker failed, from its own last error line. */
import { BerthError } from "../errors.ts";
import type { RunResult } from "../world.ts";
import type { BuildRequest, SourceText } from "./engine.ts";
import {
  againHint,
  buildFailed,
  isPassing,
  lastLine,
  neverEnded,
  registryError,
  registryFailure,
  withoutSecrets,
} from "./failure.ts";

export const dockerProgram = {
  program: "docker",
  get: "install Docker's client (apt-get install docker.io, or docker-cli and docker-buildx; apk add docker-cli docker-cli-buildx), or use the buildah engine",
  lineOf: dockerLine,
};

export const getBuildx =
  "install it (apt-get install docker-buildx, or apk add docker-cli-buildx), or use the buildah engine, for `berth run --local` podman";

/** docker's last word about its failure. */
export function dockerLine(result: RunResult): string {
  const pattern = /^(?:error|failed to |executor failed|cannot connect|denied|unauthorized)/i;
  return lastLine(result.stderr, pattern).replace(/^error: /i, "");
}

/** The exit code of a command that failed. */
function commandExit(line: string): string | undefined {
  return /exit code: (\d+)$/.exec(line)?.[1];
}

/** Whether no command failed, but a registry or the daemon was too busy. */
export function wasBusy(result: RunResult): boolean {
  const line = dockerLine(result);
  return commandExit(line) === undefined && isPassing(line) && !unpacks(result);
}

/** Whether a file of the context was taken apart, which may end too early as an answer of a registry may. */
function unpacks({ stderr }: RunResult): boolean {
  return /^ADD (?!.*(?::\/\/|@))/i.test(failingStep(stderr)?.text ?? "");
}

/** Whether the daemon, not the build, is the reason. */
export function daemonIsAway(line: string): boolean {
  return /cannot connect to the docker daemon|failed to connect to the docker api|error during connect|unable to resolve docker endpoint|code = Unavailable|is the docker daemon running|HTTP request to an HTTPS server/i.test(
    line,
  );
}

/** The error for a daemon that does not answer at an address (DOCKER_HOST or the client's default). */
export function daemonError(line: string, host: string | undefined): BerthError {
  const at = host === undefined ? "its default address" : withoutSecrets(host);
  return new BerthError(
    "ENGINE_UNAVAILABLE",
    `reach the docker daemon at ${at}: ${withoutSecrets(line)}`,
    { hint: daemonHint(line, host) },
  );
}

function daemonHint(line: string, host: string | undefined): string {
  if (/permission denied/i.test(line)) return "the user must be allowed to use the daemon's socket";
  if (/\.pem\b|certificate|HTTPS server|tls:/i.test(line)) {
    return "with TLS set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the folder of the client certificates, which the service writes when it starts (share /certs/client); without TLS set DOCKER_TLS_CERTDIR to nothing and use port 2375";
  }
  return host === undefined || host.startsWith("unix:")
    ? "start a daemon there, or set DOCKER_HOST to where one is (for the service docker:dind tcp://docker:2376)"
    : "check that the service docker:dind is declared, that its alias is the host in DOCKER_HOST, and that the runner is privileged";
}

/** The error for a build that did not end well. */
export function dockerBuildError(
  request: BuildRequest,
  result: RunResult,
  host: string | undefined,
): BerthError {
  const doing = `build ${request.name}`;
  const line = dockerLine(result);
  const stopped = neverEnded(result, doing, dockerProgram);
  if (stopped !== undefined) return stopped;
  if (/BuildKit is enabled but the buildx component/i.test(line)) {
    return new BerthError("ENGINE_MISSING", `${doing}: docker-buildx is missing`, {
      hint: getBuildx,
    });
  }
  const exit = commandExit(line);
  if (exit === undefined) {
    if (daemonIsAway(line)) return daemonError(line, host);
    if (/context canceled/.test(line)) {
      return new BerthError("INTERRUPTED", `${doing}: the build was cancelled`, {
        hint: againHint,
      });
    }
    if (/: DeadlineExceeded: context deadline exceeded$/.test(line)) {
      return new BerthError("ENGINE_UNAVAILABLE", `${doing}: ${withoutPreamble(line)}`, {
        hint: "the daemon waited too long for its client or for a registry, as on a busy machine: build fewer at once (`parallel` in berth.yml), and run it again",
      });
    }
    if (registryFailure(line) !== undefined && !unpacks(result)) {
      return registryError(doing, line, request.destination.host);
    }
  }
  const step = failingStep(result.stderr)?.text;
  const why = exit === undefined ? withoutPreamble(line) : `exit status ${exit}`;
  const what = step === undefined ? why : `${step}: ${why}`;
  const old = /unknown instruction/i.test(line) && request.traits.heredocs;
  const hint = old
    ? "this daemon's BuildKit does not know heredocs; use Docker 23 or later, or begin the Dockerfile with # syntax=docker/dockerfile:1"
    : undefined;
  return buildFailed(request, buildkitLine(result.stderr, request.source), what, hint);
}

/** What BuildKit says of the way to its message, which the place says better. */
function withoutPreamble(line: string): string {
  const way =
    /^(?:failed to (?:solve(?: with frontend [\w.]+)?|create LLB definition|compute cache key|calculate checksum of ref \S+?): |dockerfile parse error (?:on )?line \d+: )/;
  const rest = line.replace(way, "");
  return rest === line ? line : withoutPreamble(rest);
}

/** The line that BuildKit names: by the excerpt at its end, in a parser's error, or by the step that failed. */
export function buildkitLine(output: string, source: SourceText): number | undefined {
  const excerpt = [...output.matchAll(/^Dockerfile:(\d+)\r?\n-{8,}\r?$/gm)].at(-1);
  const parser = /dockerfile parse error (?:on )?line (\d+): .*\s*$/.exec(output);
  const line = (excerpt ?? parser)?.[1];
  if (line !== undefined) return source.lines[Number(line) - 1];
  const label = failingStep(output)?.label;
  return label === undefined ? undefined : labelLine(label, source);
}

/** What BuildKit says last of the step that failed, such as ` > [stage-1 2/5] RUN make:`. */
export function failingStep(
  output: string,
): { readonly label: string; readonly text: string } | undefined {
  const steps = output.matchAll(/^ > \[(?!internal\]|auth\])([^\]]*)\] (.*?):?[ \t]*$/gm);
  const [, label = "", text = ""] = [...steps].at(-1) ?? [];
  return text === "" ? undefined : { label, text };
}

const counted = ["run", "copy", "add", "workdir"];

/** Older BuildKit counts the instructions that make something, and a FROM only where it is an image. */
function labelLine(label: string, { stages }: SourceText): number | undefined {
  const [, name, step, total] = /^(?:.*?(\S+) +)?(\d+)\/(\d+)$/.exec(label.trim()) ?? [];
  const steps =
    stages.find((stage, index) => name === undefined || name === (stage.name ?? `stage-${index}`))
      ?.steps ?? [];
  const made = steps.filter(({ keyword }) => counted.includes(keyword));
  const before = Number(total) - made.length;
  return before === 0 || before === 1
    ? [...steps.slice(0, before), ...made][Number(step) - 1]?.line
    : undefined;
}
