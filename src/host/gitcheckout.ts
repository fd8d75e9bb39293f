/**
 * Reading blobs as a checkout would write them: `git cat-file --batch --filters` in an empty work tree, over an
 * index of nothing but `.gitattributes`, so that these files decide and not those of the checkout at hand.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git } from "../world.ts";
import { realFiles } from "./files.ts";
import { type Batch, endedParser, type ObjectReader, objectReader } from "./gitobjects.ts";

export interface CheckoutReader {
  /** `undefined` where the repository does not have the blob. */
  read(
    blob: string,
    path: string,
    attributes: readonly AttributesFile[],
  ): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** One process for each list of attributes; the one that was not used for longest makes room. */
const maxOpen = 8;

/** `run` is the repository's, and `env` git's. */
export function checkoutReader(run: Git["run"], env: NodeJS.ProcessEnv): CheckoutReader {
  let gitDir: Promise<string> | undefined;
  const open = new Map<string, ObjectReader>();
  const shut = async (key: string): Promise<void> => {
    const reader = open.get(key);
    open.delete(key);
    await reader?.close();
  };
  const take = (key: string, attributes: readonly AttributesFile[]): ObjectReader => {
    gitDir ??= run(["rev-parse", "--absolute-git-dir"]).then((said) => said.toString().trimEnd());
    const reader = open.get(key) ?? begin(gitDir, env, attributes);
    open.delete(key);
    open.set(key, reader);
    const [oldest] = open.keys();
    if (open.size > maxOpen && oldest !== undefined) void shut(oldest);
    return reader;
  };
  return {
    async read(blob, path, attributes) {
      const key = JSON.stringify(attributes);
      const reader = take(key, attributes);
      try {
        // A line ends the request, so a path that holds a line's end is asked for with a blank in its place.
        return (await reader.read(`${blob} ${path.replaceAll("\n", " ")}`))?.bytes;
      } catch (error) {
        // A filter that fails ends the process; what is asked for next begins anew.
        if (open.get(key) === reader) void shut(key);
        throw error;
      }
    },
    async close() {
      await Promise.all([...open.keys()].map(shut));
    },
  };
}

/** Reads below one list of attributes; closed only when all that was asked is answered. */
function begin(
  gitDir: Promise<string>,
  env: NodeJS.ProcessEnv,
  attributes: readonly AttributesFile[],
): ObjectReader {
  const folder = realFiles().temporary("berth-attributes-");
  const started = Promise.all([folder, gitDir]).then(([{ path }, dir]) => {
    const here = { ...env, GIT_DIR: dir, GIT_WORK_TREE: path, GIT_INDEX_FILE: join(path, "index") };
    return start(path, here, attributes);
  });
  let busy: Promise<unknown> = Promise.allSettled([started]);
  return {
    read(name) {
      const answer = started.then((reader) => reader.read(name));
      busy = Promise.allSettled([busy, answer]);
      return answer;
    },
    async close() {
      await busy;
      const reader = await started.catch(() => undefined);
      await reader?.close();
      await (await folder).remove();
    },
  };
}

async function start(
  folder: string,
  env: NodeJS.ProcessEnv,
  attributes: readonly AttributesFile[],
): Promise<ObjectReader> {
  if (attributes.length > 0) await writeIndex(folder, env, attributes);
  // A path that no index holds is missing at once, wherever git would look for another name.
  const nonce = `:${randomUUID()}`;
  const end = Buffer.from(`\n${nonce} missing\n`);
  const batch: Batch = {
    options: ["--filters"],
    request: (name) => `${name}\n${nonce}\n`,
    parser: (onAnswer) => endedParser(end, onAnswer),
  };
  const reader = objectReader(folder, env, batch);
  // Only such a name makes git read the index, and the attributes in it.
  await reader.read(nonce);
  return reader;
}

function writeIndex(
  cwd: string,
  env: NodeJS.ProcessEnv,
  attributes: readonly AttributesFile[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ["update-index", "-z", "--add", "--index-info"];
    const child = execFile("git", args, { cwd, env }, (error, _, complaint) => {
      if (error === null) return resolve();
      const [line = ""] = complaint.split("\n");
      reject(new BerthError("GIT_FAILED", `write an index of .gitattributes: ${line}`));
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(attributes.map(({ path, id }) => `100644 ${id}\t${path}\0`).join(""));
  });
}
