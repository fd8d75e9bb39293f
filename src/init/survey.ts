/** What a project has that tells how its images are made and used; nothing is decided here. */
import { findUsual } from "../config/find.ts";
import type { Tree } from "../context/tree.ts";
import { variablesOf } from "../pipelines/job.ts";
import { imagesOf, type Outline, readOutline } from "../pipelines/outline.ts";
import { keeping } from "../pipelines/ports.ts";
import { valuesOf } from "../pipelines/variables.ts";
import { type BuildJob, builtBy, ownSpelling } from "./builders.ts";

export interface Survey {
  /** Files that are called like Dockerfiles, and others that jobs build from. */
  readonly dockerfiles: readonly Dockerfile[];
  /** Those of them that are found without being named. */
  readonly usual: readonly string[];
  readonly built: readonly BuildJob[];
  /** Jobs that build from a file that is not there, as far as their shell lines tell. */
  readonly unfounded: readonly BuildJob[];
  /** All `image:` lines of jobs that begin with a variable, each once; a variable that is all of a line unfolded. */
  readonly imageLines: readonly ImageLine[];
  /** `undefined` where the project has none, or one that GitLab would refuse. */
  readonly pipeline: Outline | undefined;
  readonly files: readonly ReadFile[];
  /** The text of all its files. */
  readonly text: string;
}

export interface Dockerfile {
  readonly path: string;
  readonly text: string;
  /** What its FROM and `--from=` name, as written, without tags. */
  readonly uses: readonly string[];
}

export interface ImageLine {
  readonly text: string;
  readonly jobs: readonly string[];
}

/** One file of the pipeline's configuration. */
export interface ReadFile {
  readonly path: string;
  readonly text: string;
}

/** Looks at a tree; `root` is the path of its CI configuration. */
export async function surveyTree(tree: Tree, root = ".gitlab-ci.yml"): Promise<Survey> {
  const [usual, { pipeline, files }] = await Promise.all([findUsual(tree), readCi(tree, root)]);
  const all = pipeline === undefined ? [] : builtBy(pipeline);
  const exists = await Promise.all(
    all.map(async ({ dockerfile }) => (await tree.entry(dockerfile))?.kind === "file"),
  );
  const built = all.filter((_, index) => exists[index]);
  const unfounded = all.filter((_, index) => !exists[index]);
  const paths = [...new Set([...usual, ...built.map(({ dockerfile }) => dockerfile)])];
  return {
    dockerfiles: await Promise.all(paths.map(async (path) => readDockerfile(tree, path))),
    usual,
    built,
    unfounded,
    imageLines: pipeline === undefined ? [] : linesOf(pipeline),
    pipeline,
    files,
    text: files.map(({ text }) => text).join("\n"),
  };
}

async function readCi(tree: Tree, root: string) {
  const read = async (path: string) => (await tree.read(path))?.toString();
  const { texts, source } = keeping({ project: "", paths: await tree.find(["*"]), read });
  const text = await source.read(root);
  const pipeline = text === undefined ? undefined : await readOutline(text, source);
  return { pipeline, files: [...texts].map(([path, content]) => ({ path, text: content })) };
}

async function readDockerfile(tree: Tree, path: string): Promise<Dockerfile> {
  const text = (await tree.read(path))?.toString() ?? "";
  const found = text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)|\s--from=(\S+)/gim);
  const uses = [...found].map(([, from, copy]) => (from ?? copy ?? "").replace(/:[\w.-]+$/, ""));
  return { path, text, uses };
}

function linesOf({ jobs, variables }: Outline): readonly ImageLine[] {
  const uses = [...jobs].flatMap(([job, whole]) => {
    const known = valuesOf([...variables, ...variablesOf(whole.get("variables"))]);
    return imagesOf(whole)
      .filter((text) => text.startsWith("$"))
      .map((text) => ({ text: ownSpelling(unfold(text, known)), job }));
  });
  return [...Map.groupBy(uses, ({ text }) => text)].map(([text, group]) => ({
    text,
    jobs: group.map(({ job }) => job),
  }));
}

/** What a line that is nothing but a variable stands for. */
function unfold(text: string, variables: ReadonlyMap<string, string>): string {
  const name = /^\$\{?(\w+)\}?$/.exec(text)?.[1];
  return variables.get(name ?? "") ?? text;
}
