/** Whether git may write a file otherwise than it is stored: most projects have nothing that makes it. */
import { join } from "node:path";
import type { AttributesFile, Git } from "../world.ts";
import { realFiles } from "./files.ts";

/** How far git's conversion goes: not at all, at a commit only (CRLF to LF), or at a checkout too. */
export type Conversion = "none" | "commit" | "checkout";

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
export function conversionTest(
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
