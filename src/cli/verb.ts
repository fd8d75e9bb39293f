/** What the commands share: flags, how results are printed, and what comes with the program beside its code. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import type { Config, EngineSetting } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import type { World } from "../world.ts";

/** Flags that every command knows. */
export interface GlobalOptions {
  readonly config?: string;
  readonly registry?: string;
  readonly json?: boolean;
}

/** Flags of the commands that plan, build or publish. */
export interface BuildOptions extends GlobalOptions {
  readonly rev?: string;
  readonly allowDirty?: boolean;
  readonly output: string;
  readonly references?: boolean;
  readonly engine?: EngineSetting;
}

const engines = ["auto", "buildah", "docker"] as const;

export function outputOption(): Option {
  return new Option("--output <folder>", "folder of plan.json and the other files").default(
    ".berth",
    ".berth at the repository's top",
  );
}

export function referencesOption(): Option {
  return new Option("--references", "in a terminal, list whole references below the table");
}

/** What runs containers. */
export function programOption(): Option {
  const description = "what runs containers (default: docker where it is installed, else podman)";
  return new Option("--with <program>", description).choices(["docker", "podman"]);
}

/** Of a flag that may be given several times, all values in order. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function engineOption(condition = ""): Option {
  const description = `${condition}the program that builds (default: the configuration's)`;
  return new Option("--engine <name>", description).choices(engines);
}

/** What is to build: as the flag says, else as a user's variable does, else as the configuration. */
export function engineOf(
  flag: EngineSetting | undefined,
  { prefix, engine }: Config,
  env: World["env"],
): EngineSetting {
  const name = `${prefix}_ENGINE`;
  const chosen = flag ?? (env[name] || engine);
  const found = engines.find((one) => one === chosen);
  if (found !== undefined) return found;
  throw usageError(`read ${name}: ${chosen} is no engine`, `give one of ${engines.join(", ")}`);
}

/** Command lines to follow a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** What a command does, by its flags and then its arguments in order; gives the exit code where that is not 0. */
export type Work = (
  world: World,
  options: never,
  ...words: never[]
) => Promise<number> | Promise<void>;

/** Prints a result: with `--json` the value, in which what is absent is null; else its text. */
export function printResult(
  { print }: World,
  { json }: GlobalOptions,
  value: unknown,
  text: string,
): void {
  const orNull = (_key: string, member: unknown): unknown => member ?? null;
  print(json === true ? `${JSON.stringify(value, orNull, 2)}\n` : text);
}

/** A wrong use that the argument parser cannot see. */
export function usageError(message: string, hint: string): BerthError {
  return new BerthError("USAGE", message, { hint });
}

/** A folder beside the bundle, or at the top of a checkout; `undefined` where it is in neither. */
export function shipped(name: string): string | undefined {
  return [name, `../../${name}`]
    .map((place) => join(import.meta.dirname, place))
    .find((path) => existsSync(path));
}
