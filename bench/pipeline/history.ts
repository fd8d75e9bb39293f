/** How often the pipelines of QEMU's history had images to build, by berth's keys at each commit. */
import { revisionTrees } from "../../src/context/revision.ts";
import { openGit } from "../../src/host/git.ts";
import { commitReader } from "../../src/prune/sources.ts";
import type { Git } from "../../src/world.ts";
import { qemu } from "../qemu.ts";

export interface History {
  /** One for each commit along the first parents, from the first of that day. */
  readonly pipelines: number;
  readonly since: string;
  /** That a job of CI builds, of all pipelines together. */
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
  // A day alone would mean this time of that day.
  const range = [
    "--first-parent",
    "--reverse",
    `--since=${since}T00:00:00Z`,
    "--format=%H",
    "HEAD",
  ];
  const commitsOf = async (...paths: string[]) =>
    (await git.run(["log", ...range, "--", ...paths])).toString().trim().split("\n");
  const commits = await commitsOf();
  const changed = new Set(await commitsOf(folder));
  const seen = new Set<string>();
  let [images, idle, built] = [0, 0, 0];
  let jobs: ReadonlySet<string> = new Set();
  for (const [at, commit] of commits.entries()) {
    if (at === 0 || changed.has(commit)) jobs = await imagesOfJobs(git, commit);
    const needs = await readCommit(commit);
    if ("broken" in needs) throw new Error(`${commit}: ${needs.broken}`);
    const used = needs.images.filter(({ repository }) => jobs.has(repository));
    const names = used.map(({ repository, key }) => `${repository}:${key}`);
    const added = at === 0 ? [] : names.filter((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    images += names.length;
    built += added.length;
    if (added.length === 0) idle++;
  }
  await git.close();
  return { pipelines: commits.length, since, images, idle, built };
}

const folder = ".gitlab-ci.d";

/** Repositories of the images that have a job; some Dockerfiles have none. */
async function imagesOfJobs(git: Git, commit: string): Promise<ReadonlySet<string>> {
  const files = [commit, "--", `${folder}/container*.yml`];
  const lines = await git.run(["grep", "-hE", "^ +(NAME|DOCKERFILE): ", ...files]);
  return new Set(
    lines
      .toString()
      .match(/(?<=: +)\S+/g)
      ?.map((name) => `qemu/${name}`),
  );
}
