/** What jobs leave for others: archives, and variables in reports. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { digestOf } from "../../../src/oci/digest.ts";
import type { Variable } from "../../../src/pipelines/variables.ts";
import type { Answer, SeenRequest } from "../../support/faulty-server.ts";
import { failed } from "../../support/gitlab-pages.ts";
import { program } from "../../support/programs.ts";
import type { Attempt } from "./jobs.ts";

/** What a self-managed GitLab takes where nobody has changed its limits: bytes of one upload (D12), bytes and number of variables (D11). */
const limits = { artifactBytes: 100 * 1024 * 1024, dotenvBytes: 5120, dotenvVariables: 20 };

const made: Answer = { status: 201, headers: { "content-type": "application/json" }, body: "{}" };

/** Takes in one upload of a job (F13) of at most so many bytes; a report of variables that GitLab would not take is refused. */
export async function takeIn(
  attempt: Attempt,
  { body, headers, query }: SeenRequest,
  path: string,
  most = limits.artifactBytes,
): Promise<Answer> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": headers["content-type"] ?? "" },
  }).formData();
  const file = form.get("file");
  if (!(file instanceof Blob)) return failed(400, "file is missing");
  const bytes = Buffer.from(await file.arrayBuffer());
  const type = query.get("artifact_type") ?? "";
  if (bytes.length > most) return failed(413, "file size has reached maximum size limit");
  const problem = refusalOf(attempt, type, bytes);
  if (problem !== undefined) return problem;
  if (type === "archive") {
    await writeFile(path, bytes);
    attempt.archive = { path, size: bytes.length };
  }
  if (type === "dotenv") {
    const variables = parseDotenv(gunzipSync(bytes).toString());
    if (typeof variables === "string") return failed(400, variables);
    attempt.dotenv = variables;
  }
  attempt.uploads.set(type, digestOf(bytes));
  return made;
}

/** D12: one of each kind, which may come twice. */
function refusalOf({ uploads }: Attempt, type: string, bytes: Buffer): Answer | undefined {
  const earlier = uploads.get(type);
  if (earlier !== undefined && earlier !== digestOf(bytes))
    return failed(400, "another artifact of the same type already exists");
  return type === "dotenv" && bytes.length >= limits.dotenvBytes
    ? failed(400, `Dotenv Artifact Too Big. Maximum Allowable Size: ${limits.dotenvBytes}`)
    : undefined;
}

/** D11: the variables, or GitLab's words for why there are none. */
export function parseDotenv(text: string): readonly Variable[] | string {
  const found = new Map<string, string>();
  for (const line of text.split("\n").slice(0, text.endsWith("\n") ? -1 : undefined)) {
    const [, key, value] = /^([^=]*)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) return "Invalid Format";
    if (key.trim() === "") return "Validation failed: Key can't be blank";
    if (!/^\w+$/.test(key.trim()))
      return "Validation failed: Key can contain only letters, digits and '_'.";
    found.set(key.trim(), value.trim());
  }
  if (found.size > limits.dotenvVariables)
    return `Dotenv files cannot have more than ${limits.dotenvVariables} variables`;
  return [...found].map(([key, value]) => ({ key, value }));
}

/** One file of an archive; `undefined` where it is not in it. */
export async function fileIn(zip: string, path: string): Promise<string | undefined> {
  const unzip = async (how: "-l" | "-p"): Promise<string> => {
    const args = ["unzip", how, zip, path];
    const unlimited = { maxBuffer: Number.POSITIVE_INFINITY };
    return (await promisify(execFile)(program("busybox"), args, unlimited)).stdout;
  };
  // What is not there is no failure of the program's.
  const names = (await unzip("-l")).split("\n").map((line) => line.trimStart().split(/ +/).at(-1));
  return names.includes(path) ? unzip("-p") : undefined;
}
