/** Pages of docs/ as tests read them: their blocks of code, and the names in their text that have to exist. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeProgram } from "../../src/cli/program.ts";
import { schema } from "../../src/config/schema.ts";
import { errorCodes } from "../../src/errors.ts";
import { plain } from "../../src/pipelines/tree.ts";
import { readYaml } from "../../src/pipelines/yaml.ts";
import { contentWith } from "../support/ci-files.ts";
import { components } from "../templates/templates.ts";

export interface Block {
  readonly language: string;
  /** The file that its first line names. */
  readonly file: string;
  readonly text: string;
}

export interface Page {
  /** Its file below docs/. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export interface Pipeline {
  readonly include?: readonly {
    readonly component: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
  }[];
  readonly stages?: readonly string[];
}

export function readPage(name: string): Page {
  const text = readFileSync(join(import.meta.dirname, "../../docs", name), "utf8");
  return { name, text, blocks: blocksOf(text) };
}

export function blocksOf(text: string): readonly Block[] {
  const found = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  return found.map(([, language = "", body = ""]) => ({
    language,
    file: /^# (.+)\n/.exec(body)?.[1] ?? "",
    text: body,
  }));
}

export function isPipeline({ language, file }: Block): boolean {
  return language === "yaml" && /^\.gitlab-ci/.test(file);
}

/** All parts of a new pipeline in one. */
export function pipelineOf(blocks: readonly Block[]): Pipeline {
  const parts = blocks
    .filter(isPipeline)
    .map(({ text }) => plain(readYaml(text).content) as Pipeline);
  return Object.assign({ stages: ["containers", "build", "test"] }, ...parts) as Pipeline;
}

/** The components that a pipeline includes, with their inputs. */
export function includesOf(blocks: readonly Block[]) {
  return (pipelineOf(blocks).include ?? []).map(({ component, inputs = {} }) => ({
    template: /\/berth\/([a-z]+)@/.exec(component)?.[1] ?? component,
    inputs,
  }));
}

export function words(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** Names of jobs, hidden ones too, of all components with default names. */
const jobs = new Set(
  components.flatMap(({ text, inputs }) => {
    const values = inputs.has("upstream") ? { upstream: "acme" } : {};
    return Object.keys(contentWith(text, values));
  }),
);

const program = await makeProgram();

/** Jobs, inputs, keys, commands and errors that a text names and that do not exist. */
export function unknownNames(text: string): readonly string[] {
  const inputs = new Set(components.flatMap((component) => [...component.inputs.keys()]));
  const options = schema.shape.defaults.def.innerType.shape;
  const keys = new Set(Object.keys({ ...schema.shape, ...options }));
  const commands = new Set(program.commands.map((command) => command.name()));
  return [
    ...words(text, /`(\.?berth-[a-z][a-z-]*)`/g).filter((job) => !jobs.has(job)),
    ...words(text, /\binput `([a-z_]+)`/g).filter((input) => !inputs.has(input)),
    ...words(text, /`([a-z_]+)` in `berth\.yml`/g).filter((key) => !keys.has(key)),
    ...words(text, /(?:`|^)berth ([a-z]+)/gm).filter((command) => !commands.has(command)),
    ...words(text, /messages\.md#([a-z_]+)/g).filter((code) => !(code.toUpperCase() in errorCodes)),
  ];
}
