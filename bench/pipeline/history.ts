/** How often the pipelines of a real project's history had images to build, by berth's keys at each commit. */
import { revisionTrees } from "../../src/context/revision.ts";
import { openGit } from "../../src/host/git.ts";
import { commitReader } from "../../src/prune/needs.ts";
import { qemu } from "../qemu.ts";

export interface History {
  /** One for each commit along the first parents. */
  readonly pipelines: number;
  /** Of all pipelines together. */
  readonly images: number;
  /** Pipelines in which every key was there from an earlier one. */
  readonly idle: number;
  /** Keys that no earlier pipeline had. */
  readonly built: number;
}

/** Reads the history of a clone of QEMU since a day; what the first commit needs counts as there. */
export async function readHistory(clone: string, since: string): Promise<History> {
  const git = await openGit(clone);
  const files = { read: async () => Buffer.from(qemu) };
  const readCommit = commitReader(revisionTrees(git), {
    named: { files, path: "/qemu.yml", label: "qemu.yml" },
  });
  const range = ["--first-parent", "--reverse", `--since=${since}`, "--format=%H", "HEAD"];
  const commits = (await git.run(["log", ...range])).toString().trim().split("\n");
  const seen = new Set<string>();
  let [images, idle, built] = [0, 0, 0];
  for (const [at, commit] of commits.entries()) {
    const needs = await readCommit(commit);
    if ("broken" in needs) throw new Error(`${commit}: ${needs.broken}`);
    const names = needs.images.map(({ repository, key }) => `${repository}:${key}`);
    const added = at === 0 ? [] : names.filter((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    images += names.length;
    built += added.length;
    if (added.length === 0) idle++;
  }
  await git.close();
  return { pipelines: commits.length, images, idle, built };
}
