/** What GitLab does not take of a job, as its limits say. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { takeIn } from "./coordinator/artifacts.ts";
import type { Attempt } from "./coordinator/jobs.ts";

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
