/** What a project has that tells how its images are made and used; nothing is decided here. */
import { findUsual } from "../config/find.ts";
import type { Tree } from "../context/tree.ts";
import { gatherFiles } from "../pipelines/gather.ts";
import { globalVariables, imagesOf, variablesOfJob } from "../pipelines/job.ts";
import { assemble, type Pipeline } from "../pipelines/pipeline.ts";
import type { Mapping, PipelineFile } from "../pipelines/value.ts";
import { type BuildJob, builtBy } from "./builders.ts";

export interface Survey {
  /** Files that are called like Dockerfiles, and others that jobs build from. */
  readonly dockerfiles: readonly Dockerfile[];
  /** Those of them that are found without being named. */
  readonly usual: readonly string[];
  readonly built: readonly BuildJob[];
  /** All `image:` lines of jobs that begin with a variable, each once; a variable that is all of a line unfolded. */
  readonly imageLines: readonly ImageLine[];
  /** `undefined` where the project has no pipeline. */
  readonly pipeline: Pipeline | undefined;
  readonly files: readonly PipelineFile[];
  /** The text of all its files. */
  readonly text: string;
}

export interface Dockerfile {
  readonly path: string;
  /** What its FROM and `--from=` name, as written, without tags. */
  readonly uses: readonly string[];
}

export interface ImageLine {
  readonly text: string;
  readonly file: string;
  readonly jobs: readonly string[];
}

/** Looks at a tree; `root` is the path of its CI configuration. */
export async function surveyTree(tree: Tree, root = ".gitlab-ci.yml"): Promise<Survey> {
  const [usual, files] = await Promise.all([findUsual(tree), gatherFiles(tree, root)]);
  const pipeline = files.has(root) ? assemble(files, root) : undefined;
  const all = pipeline === undefined ? [] : builtBy(pipeline);
  const exists = await Promise.all(
    all.map(async ({ dockerfile }) => (await tree.entry(dockerfile))?.kind === "file"),
  );
  const built = all.filter((_, index) => exists[index]);
  const paths = [...new Set([...usual, ...built.map(({ dockerfile }) => dockerfile)])];
  return {
    dockerfiles: await Promise.all(paths.map(async (path) => readDockerfile(tree, path))),
    usual,
    built,
    imageLines: pipeline === undefined ? [] : linesOf(pipeline),
    pipeline,
    files: [...files.values()],
    text: [...files.values()].map(({ text }) => text).join("\n"),
  };
}

async function readDockerfile(tree: Tree, path: string): Promise<Dockerfile> {
  const text = (await tree.read(path))?.toString() ?? "";
  const found = text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)|\s--from=(\S+)/gim);
  const uses = [...found].map(([, from, copy]) => (from ?? copy ?? "").replace(/:[\w.-]+$/, ""));
  return { path, uses };
}

function linesOf(pipeline: Pipeline): readonly ImageLine[] {
  const uses = pipeline.jobs.flatMap((job) => {
    const whole = pipeline.job(job);
    return imagesOf(pipeline, whole)
      .filter(({ text }) => text.startsWith("$"))
      .map(({ text, file = "" }) => ({ text: unfold(pipeline, whole, text), file, job }));
  });
  return [...Map.groupBy(uses, ({ text, file }) => `${file}:${text}`).values()].map((group) => ({
    text: group[0]!.text,
    file: group[0]!.file,
    jobs: group.map(({ job }) => job),
  }));
}

/** What a line that is nothing but a variable stands for. */
function unfold(pipeline: Pipeline, job: Mapping, text: string): string {
  const name = /^\$\{?(\w+)\}?$/.exec(text)?.[1];
  const variables = new Map([...globalVariables(pipeline), ...variablesOfJob(pipeline, job)]);
  return variables.get(name ?? "") ?? text;
}
