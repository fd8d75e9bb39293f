/** Which line of a person's Dockerfile an engine speaks of, from its own words. */
import type { RecipeStage } from "../dockerfile/recipe.ts";

/** Where the text that an engine gets comes from. */
export interface SourceText {
  /** The Dockerfile, as messages name it. */
  readonly file: string;
  /** For each line of the text its line in the file, from 1. */
  readonly lines: readonly number[];
  /** The stages of the text, with the file's lines of their instructions. */
  readonly stages: readonly Pick<RecipeStage, "name" | "steps">[];
}

/** The file, and the line where it is known, in front of what is said of them. */
export function at({ file }: SourceText, line: number | undefined): string {
  return line === undefined ? `${file}: ` : `${file}:${line}: `;
}

/**
 * The line of the step at which buildah ended: `STEP 3/4: RUN …`, or `[2/3] STEP 3/4: …` with several stages.
 *
 * More steps than the stage has instructions are ONBUILD triggers of its base, which come right after its FROM.
 */
export function stepLine(output: string, { stages }: SourceText): number | undefined {
  const words = output.matchAll(/^(?:\[(\d+)\/(\d+)\] )?STEP (\d+)\/(\d+): /gm);
  const found = [...words].flatMap(([, stage = "1", count = "1", step = "", total = ""]) => {
    const steps = stages[Number(stage) - 1]?.steps ?? [];
    const triggers = Number(total) - steps.length;
    // Other lines that look alike are a command's own output.
    if (Number(count) !== stages.length || triggers < 0) return [];
    return [steps[Math.max(0, Number(step) - 1 - triggers)]?.line];
  });
  return found.at(-1);
}

/** The line that BuildKit names: by the excerpt at its end, in a parser's error, or by the step that failed. */
export function buildkitLine(output: string, source: SourceText): number | undefined {
  const excerpt = [...output.matchAll(/^Dockerfile:(\d+)\r?\n-{8,}\r?$/gm)].at(-1);
  const parser = /dockerfile parse error (?:on )?line (\d+): .*\s*$/.exec(output);
  const line = (excerpt ?? parser)?.[1];
  if (line !== undefined) return source.lines[Number(line) - 1];
  const label = failingStep(output)?.label;
  return label === undefined ? undefined : labelLine(label, source);
}

/** What BuildKit says last of the step that failed, such as ` > [stage-1 2/5] RUN make:`. */
export function failingStep(
  output: string,
): { readonly label: string; readonly text: string } | undefined {
  const steps = output.matchAll(/^ > \[(?!internal\]|auth\])([^\]]*)\] (.*?):?[ \t]*$/gm);
  const [, label = "", text = ""] = [...steps].at(-1) ?? [];
  return text === "" ? undefined : { label, text };
}

const counted = ["run", "copy", "add", "workdir"];

/** Older BuildKit counts the instructions that make something, and a FROM only where it is an image. */
function labelLine(label: string, { stages }: SourceText): number | undefined {
  const [, name, step, total] = /^(?:.*?(\S+) +)?(\d+)\/(\d+)$/.exec(label.trim()) ?? [];
  const steps =
    stages.find((stage, index) => name === undefined || name === (stage.name ?? `stage-${index}`))
      ?.steps ?? [];
  const made = steps.filter(({ keyword }) => counted.includes(keyword));
  const before = Number(total) - made.length;
  return before === 0 || before === 1
    ? [...steps.slice(0, before), ...made][Number(step) - 1]?.line
    : undefined;
}
