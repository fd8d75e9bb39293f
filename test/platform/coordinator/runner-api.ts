/** What a runner asks of GitLab while it works (lib/api/ci/runner.rb; gitlab-runner: network/gitlab.go). */
import { readFile } from "node:fs/promises";
import type { Answer, SeenRequest } from "../../support/faulty-server.ts";
import { failed } from "../../support/gitlab-pages.ts";
import { takeIn } from "./artifacts.ts";
import type { Attempt, End } from "./jobs.ts";

/** A runner that wants a job. */
export interface Asking {
  readonly tags: readonly string[];
  readonly endsGently: boolean;
}

export interface Desk {
  /** Tags of runners, by their tokens. */
  readonly runners: ReadonlyMap<string, readonly string[]>;
  /** Jobs that a runner has taken, by their ids. */
  readonly taken: ReadonlyMap<string, Attempt>;
  /** Where archives are kept. */
  readonly folder: string;
  now(): Date;
  /** The next job for a runner, waited for a while or until it has gone; what is sent of it. */
  next(asks: Asking, gone: AbortSignal): Promise<object | undefined>;
  ended(attempt: Attempt, end: End): void;
}

/** `undefined` where it is nothing that a runner asks. */
export async function answerRunner(
  desk: Desk,
  request: SeenRequest,
  gone: AbortSignal,
): Promise<Answer | undefined> {
  const { method, path } = request;
  if (path === "/api/v4/jobs/request") return give(desk, request, gone);
  const [, id = "", what = ""] = /^\/api\/v4\/jobs\/(\d+)(\/trace|\/artifacts)?$/.exec(path) ?? [];
  const attempt = desk.taken.get(id);
  if (attempt === undefined) return undefined;
  if (method === "GET" && what === "/artifacts") return archiveOf(desk, attempt, request);
  if (tokenOf(request) !== attempt.record.token) return failed(403);
  if (attempt.end !== undefined) return over(attempt);
  attempt.heardAt = desk.now();
  if (method === "PATCH" && what === "/trace") return hear(attempt, request);
  if (method === "POST" && what === "/artifacts")
    return takeIn(attempt, request, `${desk.folder}/${id}.zip`);
  return method === "PUT" ? update(desk, attempt, request) : failed(404);
}

/** F1: a header; older runners say it in the body. */
function tokenOf({ headers }: SeenRequest): string | undefined {
  return headers["job-token"] ?? headers["runner-token"];
}

async function give(desk: Desk, request: SeenRequest, gone: AbortSignal): Promise<Answer> {
  const tags = desk.runners.get(tokenOf(request) ?? "");
  if (tags === undefined) return failed(403);
  const { info } = JSON.parse(request.body.toString()) as Asked;
  const endsGently = info?.features?.cancel_gracefully === true;
  const job = await desk.next({ tags, endsGently }, gone);
  if (job === undefined) return { status: 204 };
  const headers = { "content-type": "application/json" };
  return { status: 201, headers, body: JSON.stringify(job) };
}

interface Asked {
  readonly info?: { readonly features?: { readonly cancel_gracefully?: boolean } };
}

/** F12. */
function over({ end }: Attempt): Answer {
  const answer = failed(403, "403 Forbidden - Job is not processing on runner");
  return { ...answer, headers: { ...answer.headers, "job-status": end?.state ?? "" } };
}

/** F10: what is sent begins where the last ended, else the runner hears where that is. */
function hear(attempt: Attempt, { headers, body }: SeenRequest): Answer {
  const start = Number(/^(\d+)-/.exec(headers["content-range"] ?? "")?.[1]);
  const isNext = start === attempt.trace.length;
  if (isNext) attempt.trace = Buffer.concat([attempt.trace, body]);
  return {
    status: isNext ? 202 : 416,
    headers: {
      "job-status": attempt.job.status,
      range: `0-${attempt.trace.length}`,
      "x-gitlab-trace-update-interval": "3",
    },
  };
}

/** F11. */
function update(desk: Desk, attempt: Attempt, { body }: SeenRequest): Answer {
  const said = JSON.parse(body.toString()) as Update;
  const { state, failure_reason: reason, exit_code: exitCode = 0 } = said;
  if (state === "success" || state === "failed") desk.ended(attempt, { state, exitCode, reason });
  const headers = {
    "content-type": "application/json",
    "job-status": attempt.end?.state ?? attempt.job.status,
  };
  return { status: 200, headers, body: "{}" };
}

interface Update {
  readonly state: string;
  readonly failure_reason?: string;
  readonly exit_code?: number;
}

/** F14: for jobs that are under way, with their own tokens (F9). */
async function archiveOf(
  { taken }: Desk,
  { archive }: Attempt,
  request: SeenRequest,
): Promise<Answer> {
  const asks = [...taken.values()].find(({ record }) => record.token === tokenOf(request));
  if (asks === undefined || asks.end !== undefined) return failed(401);
  if (archive === undefined) return failed(404);
  const body = await readFile(archive.path);
  return { status: 200, headers: { "content-type": "application/octet-stream" }, body };
}
