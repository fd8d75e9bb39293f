/** What GitLab does not take of a job, as its limits say. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { crc32, gzipSync } from "node:zlib";
import { sourceOf } from "../support/ci-files.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { takeIn } from "./coordinator/artifacts.ts";
import { artifactOf } from "./coordinator/bridge.ts";
import type { Attempt, End, RunJob } from "./coordinator/jobs.ts";
import { answerRunner } from "./coordinator/runner-api.ts";

let folder: Folder;
before(async () => {
  folder = await temporaryFolder("berth-artifacts-");
});
after(() => folder.remove());

/** Bytes of a file; GitLab's own limit takes seconds to send. */
const most = 10_000;

/** What GitLab says to files of these kinds that one job sends, one after another. */
async function said(...files: readonly (readonly [string, Uint8Array])[]) {
  const attempt = { uploads: new Map() } as Attempt;
  const answers: unknown[] = [];
  for (const [type, bytes] of files) {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(bytes)]), "file");
    const sent = new Response(form);
    const { status, body } = await takeIn(
      attempt,
      {
        ...{ method: "POST", path: "/api/v4/jobs/1/artifacts" },
        query: new URLSearchParams({ artifact_type: type }),
        headers: { "content-type": sent.headers.get("content-type") ?? "" },
        body: Buffer.from(await sent.arrayBuffer()),
      },
      join(folder.path, "1.zip"),
      most,
    );
    answers.push(status === 201 ? status : [status, JSON.parse(String(body)).message]);
  }
  return { answers, attempt };
}

const dotenv = (text: string) => ["dotenv", gzipSync(text)] as const;
const lines = (count: number) =>
  Array.from({ length: count }, (_, at) => `A${at}=${at}\n`).join("");

test("twenty variables are taken, and none of more", async () => {
  const { answers, attempt } = await said(dotenv(lines(20)));
  assert.deepEqual([answers, attempt.dotenv.length], [[201], 20]);
  const told = [400, "Dotenv files cannot have more than 20 variables"];
  assert.deepEqual((await said(dotenv(lines(21)), dotenv(lines(21)))).answers, [told, told]);
});

test("variables count by the size of what is sent, which is compressed", async () => {
  assert.deepEqual((await said(dotenv(`A=${"a".repeat(10_000)}`))).answers, [201]);
  const noise = Array.from({ length: 1000 }, (_, at) => Math.sin(at + 1).toString(36)).join("");
  const told = [400, "Dotenv Artifact Too Big. Maximum Allowable Size: 5120"];
  assert.deepEqual((await said(dotenv(`A=${noise}`))).answers, [told]);
});

test("a kind of file comes once, or the same again", async () => {
  const [one, other] = ["one", "other"].map((text) => ["archive", Buffer.from(text)] as const);
  const told = [400, "another artifact of the same type already exists"];
  assert.ok(one !== undefined && other !== undefined);
  assert.deepEqual((await said(one, one, other, dotenv("A=1"))).answers, [201, 201, told, 201]);
});

test("an archive above the limit is not taken", async () => {
  const told = [413, "file size has reached maximum size limit"];
  const { answers, attempt } = await said(["archive", Buffer.alloc(most + 1)]);
  assert.deepEqual([answers, attempt.archive], [[told], undefined]);
  assert.deepEqual((await said(["archive", Buffer.alloc(most)])).answers, [201]);
});

test("a trace of 100 MiB fails its job", async () => {
  const ends: End[] = [];
  const said = async (trace: number) => {
    const attempt = { record: { token: "t" }, job: {}, trace: Buffer.alloc(trace) } as Attempt;
    const desk = {
      ...{ runners: new Map(), taken: new Map([["1", attempt]]), folder: "" },
      now: () => new Date(0),
      next: async () => undefined,
      ended: (_: Attempt, end: End) => ends.push(end),
    };
    const request = {
      ...{ method: "PATCH", path: "/api/v4/jobs/1/trace", query: new URLSearchParams() },
      headers: { "job-token": "t", "content-range": `${trace}-${trace}` },
      body: Buffer.from("x"),
    };
    const answer = await answerRunner(desk, request, new AbortController().signal);
    return answer?.status;
  };
  const limit = 100 * 1024 * 1024;
  assert.deepEqual([await said(limit - 2), await said(limit - 1)], [202, 403]);
  const reason = "trace_size_exceeded";
  assert.deepEqual(ends, [{ state: "failed", exitCode: 0, reason }]);
});

/** An archive of one file, not compressed. */
function zipOf(name: string, data: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt32LE(crc32(data), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(data.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(name), data]);
  const entry = [Buffer.from("PK\x01\x02\0\0"), fields, Buffer.alloc(14), Buffer.from(name)];
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(46 + name.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, ...entry, Buffer.from("PK\x05\x06"), end]);
}

const archiveLimit = 5 * 1024 * 1024;
const included: readonly (readonly [what: string, bytes: number, size: number, said: string])[] = [
  ["a file of a few bytes", 3, 100, "aaa"],
  ["none", 0, 100, "File `child.yml` is empty!"],
  [
    "a file above 5 MB",
    archiveLimit + 600_000,
    100,
    "The file `child.yml` in job `plan` is too large: 5.57 MB exceeds maximum of 5 MB",
  ],
  [
    "an archive above 5 MB",
    3,
    archiveLimit + 1024 * 1024,
    "Artifacts archive for job `plan` is too large: 6 MB exceeds maximum of 5 MB",
  ],
];

/** What a child pipeline's include of a job's file brings. */
async function includedFrom(jobs: readonly RunJob[], location: string): Promise<string> {
  const entry = new Map([["job", "plan"]]);
  const asked = { kind: "artifact", location, entry, source: sourceOf({}) } as const;
  return artifactOf({ jobs: [...jobs] }, asked).then(
    ({ text }) => text,
    (error: Error) => error.message,
  );
}

for (const [what, bytes, size, told] of included)
  test(`a child pipeline's file: ${what} in a job's archive`, async () => {
    const path = join(folder.path, "child.zip");
    await writeFile(path, zipOf("child.yml", Buffer.alloc(bytes, "a")));
    const jobs = [{ made: { name: "plan" }, attempts: [{ archive: { path, size } }] }];
    assert.equal(await includedFrom(jobs as unknown as RunJob[], "child.yml"), told);
    const absent = "Path `other.yml` does not exist inside the `plan` artifacts archive!";
    if (size < archiveLimit)
      assert.equal(await includedFrom(jobs as unknown as RunJob[], "other.yml"), absent);
  });

test("a child pipeline's file: no job that left one", async () => {
  const told = "Job `plan` not found in parent pipeline or does not have artifacts!";
  assert.equal(await includedFrom([], "child.yml"), told);
});
