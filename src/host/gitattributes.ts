/** Whether git would write a file otherwise than it is stored: most projects have nothing that makes it. */
import { join } from "node:path";
import type { Git } from "../world.ts";
import { realFiles } from "./files.ts";

/** Attributes that convert at a checkout. `text` and `eol=lf` alone do not, where lines end with LF by default. */
const converting = /eol(?!=lf\b)|crlf|ident|filter|working-tree-encoding/;

/** Makes the answer of `Git.mayConvert`; `env` is git's. */
export function conversionTest(
  { run, object }: Pick<Git, "run" | "object">,
  env: NodeJS.ProcessEnv,
): Git["mayConvert"] {
  const byBlob = new Map<string, Promise<boolean>>();
  let always: Promise<boolean> | undefined;
  const mentions = async (id: string): Promise<boolean> =>
    converting.test((await object(id))?.bytes.toString("latin1") ?? "");
  return async (attributes) => {
    always ??= settingsConvert(run, env);
    if (await always) return true;
    for (const { id } of attributes) {
      const known = byBlob.get(id) ?? mentions(id);
      byBlob.set(id, known);
      if (await known) return true;
    }
    return false;
  };
}

/** Whether this machine's settings and attributes convert files whatever a commit says. */
async function settingsConvert(run: Git["run"], env: NodeJS.ProcessEnv): Promise<boolean> {
  const wanted = "^core\\.(autocrlf|eol|attributesfile)$";
  const [settings, own, system] = await Promise.all([
    // It fails where none of them is set.
    ask(run, ["config", "--type=path", "-z", "--get-regexp", wanted], ""),
    ask(run, ["rev-parse", "--path-format=absolute", "--git-path", "info/attributes"], ""),
    // Before git 2.42 nothing tells; this is where packages have it.
    ask(run, ["var", "GIT_ATTR_SYSTEM"], "/etc/gitattributes"),
  ]);
  const values = new Map(settings.split("\0").map((record) => pair(record)));
  const crlf = values.get("core.autocrlf") ?? "false";
  if (!/^(?:false|no|off|0|input)$/i.test(crlf)) return true;
  if (values.get("core.eol")?.toLowerCase() === "crlf") return true;
  const home = env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? "/", ".config");
  const global = values.get("core.attributesfile") ?? join(home, "git/attributes");
  const texts = await Promise.all([own, global, system].map((path) => realFiles().read(path)));
  return texts.some((text) => text !== undefined && converting.test(text.toString("latin1")));
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
