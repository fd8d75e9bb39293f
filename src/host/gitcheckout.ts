/** Files as a checkout writes them; most projects have nothing that makes git write one otherwise than it is stored. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git } from "../world.ts";
import { realFiles } from "./files.ts";
import { endedParser } from "./gitbatch.ts";
import { type Batch, execGit, type ObjectReader, objectReader } from "./gitprocess.ts";

/** The part of a repository's port that knows of conversion; `env` is git's. */
export function checkouts(
  git: Pick<Git, "root" | "run" | "object">,
  env: NodeJS.ProcessEnv,
): Pick<Git, "mayConvert" | "checkedOut" | "close"> {
  const conversion = conversionTest(git, env);
  const refuseStale = staleTest(git);
  const converted = checkoutReader(git.run, env);
  return {
    mayConvert: async (attributes) => (await conversion(attributes)) !== "none",
    async checkedOut(blob, path, attributes) {
      const bytes =
        (await conversion(attributes)) === "checkout"
          ? await converted.read(blob, path, attributes)
          : (await git.object(blob))?.bytes;
      if (bytes !== undefined) await refuseStale(blob, path, attributes, bytes);
      return bytes;
    },
    close: converted.close,
  };
}

/** How far git's conversion goes: not at all, at a commit only (CRLF to LF), or at a checkout too. */
type Conversion = "none" | "commit" | "checkout";

/** Attributes that convert at a checkout; `text` and `eol=lf` do not, where lines end with LF by default. */
const atCheckout = /eol(?!=lf\b)|crlf|ident|filter|working-tree-encoding/;

function conversionIn(text: string): Conversion {
  if (atCheckout.test(text)) return "checkout";
  return /text|eol/.test(text) ? "commit" : "none";
}

function furthest(all: readonly Conversion[]): Conversion {
  if (all.includes("checkout")) return "checkout";
  return all.includes("commit") ? "commit" : "none";
}

/** Makes a test for the `.gitattributes` above a path; what it says is the most that may happen. */
function conversionTest(
  { run, object }: Pick<Git, "run" | "object">,
  env: NodeJS.ProcessEnv,
): (attributes: readonly AttributesFile[]) => Promise<Conversion> {
  const known = new Map<string, Promise<Conversion>>();
  const read = async (id: string): Promise<Conversion> =>
    conversionIn((await object(id))?.bytes.toString("latin1") ?? "");
  let always: Promise<Conversion> | undefined;
  return (attributes) => {
    const ids = attributes.map(({ id }) => id);
    const key = ids.join();
    always ??= ofSettings(run, env);
    const found = known.get(key) ?? Promise.all([always, ...ids.map(read)]).then(furthest);
    known.set(key, found);
    return found;
  };
}

/** What this machine's settings and attributes convert whatever a commit says. */
async function ofSettings(run: Git["run"], env: NodeJS.ProcessEnv): Promise<Conversion> {
  const wanted = "^core\\.(autocrlf|eol|attributesfile)$";
  const [settings, own, system] = await Promise.all([
    // It fails where none of them is set.
    ask(run, ["config", "--type=path", "-z", "--get-regexp", wanted], ""),
    ask(run, ["rev-parse", "--path-format=absolute", "--git-path", "info/attributes"], ""),
    // Before git 2.42 nothing tells; this is where packages have it.
    ask(run, ["var", "GIT_ATTR_SYSTEM"], "/etc/gitattributes"),
  ]);
  const values = new Map(settings.split("\0").map((record) => pair(record)));
  const home = env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? "/", ".config");
  const global = values.get("core.attributesfile") ?? join(home, "git/attributes");
  const texts = await Promise.all([own, global, system].map((path) => realFiles().read(path)));
  const crlf = values.get("core.autocrlf") ?? "false";
  const eol = values.get("core.eol") ?? "lf";
  return furthest([
    /^(?:false|no|off|0)$/i.test(crlf) ? "none" : crlf === "input" ? "commit" : "checkout",
    /^crlf$/i.test(eol) ? "checkout" : "none",
    ...texts.map((text) => conversionIn(text?.toString("latin1") ?? "")),
  ]);
}

async function ask(run: Git["run"], args: readonly string[], otherwise: string): Promise<string> {
  const said = await run(args).catch(() => undefined);
  return said?.toString().replace(/\n$/, "") ?? otherwise;
}

/** `key LF value`; a key alone is true. */
function pair(record: string): readonly [string, string] {
  const end = record.indexOf("\n");
  return end < 0 ? [record, "true"] : [record.slice(0, end), record.slice(end + 1)];
}

/** Refuses a file as TREE_DIRTY, by what a checkout writes for a blob and a path below these attributes. */
type RefuseStale = (
  blob: string,
  path: string,
  attributes: readonly AttributesFile[],
  bytes: Buffer,
) => Promise<void>;

/**
 * Makes a test for files of the work tree that git calls unchanged. Such files come of attributes or settings that changed after the checkout, or of an editor's CRLF that
 * a commit takes away: a key of the work tree then differs from that of the very commit.
 */
function staleTest({ root, run }: Pick<Git, "root" | "run">): RefuseStale {
  const files = realFiles();
  let index: Promise<ReadonlyMap<string, string>> | undefined;
  return async (blob, path, attributes, bytes) => {
    index ??= run(["ls-files", "-s", "-z"]).then(readIndex);
    const ids = await index;
    const above = [...path.matchAll(/\//g)].map(({ index: at }) => path.slice(0, at + 1));
    const own = ["", ...above].flatMap((folder) => ids.get(`${folder}.gitattributes`) ?? []);
    // A revision of other attributes says nothing of the work tree.
    const isOther = attributes.map(({ id }) => id).join() !== own.join();
    if (isOther || ids.get(path) !== blob) return;
    const place = join(root, path);
    if ((await files.entry(place))?.kind !== "file") return;
    if ((await files.read(place))?.equals(bytes) !== false) return;
    const stored = await run(["hash-object", "--", path]);
    if (stored.toString().trim() !== blob) return;
    throw new BerthError(
      "TREE_DIRTY",
      `read ${path} of a revision: the work tree has it otherwise`,
      {
        hint: `git calls it unchanged, but a checkout converts it (.gitattributes, core.autocrlf): rm ${path}; git checkout ${path}`,
      },
    );
  };
}

/** `mode id stage<TAB>path` for each. */
function readIndex(output: Buffer): ReadonlyMap<string, string> {
  const records = output.toString().split("\0");
  const pairs = records.map((record) => {
    const tab = record.indexOf("\t");
    return [record.slice(tab + 1), record.slice(7, tab - 2)] as const;
  });
  return new Map(pairs);
}

/** One process for each list of attributes; the one that was not used for longest makes room. */
const maxOpen = 8;

/**
 * Reads blobs as a checkout would write them: `git cat-file --batch --filters` in an empty work tree, over an index of
 * nothing but `.gitattributes`, so that these files decide and not those of the checkout at hand.
 */
function checkoutReader(run: Git["run"], env: NodeJS.ProcessEnv) {
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
    /** `undefined` where the repository does not have the blob. */
    async read(blob: string, path: string, attributes: readonly AttributesFile[]) {
      const key = JSON.stringify(attributes);
      const reader = take(key, attributes);
      try {
        // A line ends the request, so a path that holds a line's end is asked for with a blank in its place.
        return (await reader.read([`${blob} ${path.replaceAll("\n", " ")}`]))[0]?.bytes;
      } catch (error) {
        // A filter that fails ends the process; what is asked for next begins anew.
        if (open.get(key) === reader) void shut(key);
        throw error;
      }
    },
    async close(): Promise<void> {
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
    read(names) {
      const answer = started.then((reader) => reader.read(names));
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
  await reader.read([nonce]);
  return reader;
}

async function writeIndex(
  cwd: string,
  env: NodeJS.ProcessEnv,
  attributes: readonly AttributesFile[],
): Promise<void> {
  const args = ["update-index", "-z", "--add", "--index-info"];
  const input = attributes.map(({ path, id }) => `100644 ${id}\t${path}\0`).join("");
  const { exitCode, complaint } = await execGit(args, cwd, env, input);
  if (exitCode === 0) return;
  throw new BerthError("GIT_FAILED", `write an index of .gitattributes: ${complaint}`);
}
