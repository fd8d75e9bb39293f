/** Jobs that name an image which the project does not have. */
import { didYouMean, nearest } from "../config/nearest.ts";
import type { Problem } from "../errors.ts";
import { imageVariable } from "../plan/variables.ts";
import { hiddenJob, isAmbiguous } from "./components.ts";
import { imagesOf, valuesOf } from "./job.ts";
import { assemble, type Pipeline } from "./pipeline.ts";
import { type Known, patternsOf, usesVariable } from "./uses.ts";
import { type Mapping, type PipelineFile, placeOf, type Spot, type Text } from "./value.ts";

/** One place where a job names an image that does not exist. */
interface Miss {
  readonly at: Spot;
  /** The name as it stands there. */
  readonly name: string;
  readonly message: string;
}

/**
 * Finds every place where a job names an image that the project does not have.
 *
 * Only what is certain: a value that is made from inputs or from variables of the project's settings, comes from a
 * template of another project, or that the files set themselves, is passed over.
 */
export function unknownImages(
  files: ReadonlyMap<string, PipelineFile>,
  root: string,
  known: Known,
): readonly Problem[] {
  const pipeline = assemble(files, root, (components, name) =>
    components
      .map((component) => hiddenJob(component, name, known))
      .find((job) => job !== undefined),
  );
  if (isAmbiguous(pipeline.components, known.prefix)) return [];
  const texts = [...files.values()].map(({ text }) => text).join("\n");
  const misses = pipeline.jobs.flatMap((name) => {
    const job = pipeline.job(name);
    // A job that starts a pipeline runs in no image.
    if (job.entries.has("trigger")) return [];
    return jobMisses(pipeline, job, known, texts).map((miss) => ({ ...miss, job: name }));
  });
  return problemsOf(misses);
}

function jobMisses(pipeline: Pipeline, job: Mapping, known: Known, texts: string): readonly Miss[] {
  return imagesOf(pipeline, job).flatMap((image) => [
    ...variableMisses(image, known, texts),
    ...nameMisses(pipeline, job, image, known, texts),
  ]);
}

/** `$PREFIX_IMAGE_NAME` for which there is no image; one that the files set themselves is theirs. */
function variableMisses({ text, at }: Text, known: Known, texts: string): readonly Miss[] {
  if (at === undefined) return [];
  const start = imageVariable(known.prefix, "");
  const ends = [...known.variables].map((name) => name.slice(start.length));
  return usesVariable(text, known.prefix)
    .filter((name) => !known.variables.has(name) && !isSet(name, known, texts))
    .map((name) => {
      const near = nearest(name.slice(start.length), ends);
      const offer = near === undefined ? "" : `; did you mean $${start}${near}?`;
      return { at, name, message: `no image gives $${name}${offer}` };
    });
}

function isSet(name: string, { given }: Known, texts: string): boolean {
  return given[name] !== undefined || new RegExp(`\\b${name}["']?\\s*(?::|=(?!=))`).test(texts);
}

/** `$BASE/name:$TAG` with the tag of the set, where the name is written there or in a variable. */
function nameMisses(
  pipeline: Pipeline,
  job: Mapping,
  image: Text,
  known: Known,
  texts: string,
): readonly Miss[] {
  const { setImage, pushes } = patternsOf(known);
  const found = setImage.exec(image.text)?.groups;
  // Where the project pushes with its own hands, or says itself where images are, names are its own matter.
  const place = [`${known.prefix}_CONTAINER_BASE`, `${known.prefix}_CONTAINER_TAG`];
  if (found === undefined || pushes.test(texts)) return [];
  if (place.some((name) => valuesOf(pipeline, job, name, known) !== "none")) return [];
  const { variable, literal } = found;
  if (literal !== undefined) return missesAmong([{ ...image, text: literal }], known);
  const values = valuesOf(pipeline, job, variable ?? "", known);
  return typeof values === "string" ? [] : missesAmong(values, known);
}

function missesAmong(names: readonly Text[], { names: images }: Known): readonly Miss[] {
  return names.flatMap(({ text, at }) => {
    if (at === undefined || text.includes("$") || images.includes(text)) return [];
    const message = `there is no image ${JSON.stringify(text)}${didYouMean(text, images)}`;
    return [{ at, name: text, message }];
  });
}

/** One problem for each place, however many jobs share it. */
function problemsOf(misses: readonly (Miss & { readonly job: string })[]): readonly Problem[] {
  const groups = Map.groupBy(misses, ({ at, name }) => `${at.file.path}:${at.start}:${name}`);
  return [...groups.values()]
    .map((group): Problem => {
      const [{ at, name, message, job }] = group as [Miss & { job: string }];
      const others = new Set(group.map((miss) => miss.job)).size - 1;
      const jobs = others === 0 ? `job ${job}` : `job ${job} and ${others} more`;
      return { file: at.file.path, ...placeOf(at, name), message: `${jobs}: ${message}` };
    })
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
}
