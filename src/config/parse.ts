/** `berth.yml` as text → `Config`; loads YAML and zod, so import it only where there is a file. */
import { BerthError, type Problem, printProblem } from "../errors.ts";
import type { Secret } from "../image/image.ts";
import * as z from "../zod.ts";
import {
  type Config,
  type Given,
  givenVariables,
  type ImageEntry,
  type ImageOptions,
  type ImagesSetting,
} from "./config.ts";
import { imageDefaults } from "./defaults.ts";
import { type ConfigSource, type Path, readSource } from "./document.ts";
import { isGlob } from "./glob.ts";
import { describeIssues, type Issue, mistakesOf, valueAt } from "./issues.ts";
import { normalPath } from "./rules.ts";
import { type OptionSettings, type Settings, schema } from "./schema.ts";

/** What is wrong with a configuration, and what else can be told of its images. */
interface Flawed {
  readonly problems: readonly Problem[];
  /**
   * What it declares without the keys that the mistakes are at; `undefined` where they are about which images there are,
   * or the text cannot be read.
   */
  readonly rest: Config | undefined;
}

/**
 * Reads a configuration, or says all that is wrong with it at once.
 *
 * `file` names it in messages; nothing is read from there. Whether the files that it names exist is asked by
 * `declareImages`. `given` wins over what the file says, with a warning.
 */
export function readConfig(text: string, file: string, given: Given = {}): Config | Flawed {
  const settings = checkGiven(given);
  const source = readSource(text, file);
  if (!("value" in source)) return { problems: source, rest: undefined };
  const value = withoutExtensions(source.value);
  const result = schema.safeParse(value, z.once);
  if (!result.success) {
    const problems = describeIssues(result.error.issues, source);
    return { problems, rest: withoutMistakes(result.error.issues, value, source) };
  }
  const config = settle({ ...result.data, ...settings }, source);
  const warnings = [...overruled(given, source), ...literals(source.value, [], source)];
  return { ...config, warnings: warnings.map(printProblem) };
}

/** The same, and CONFIG_INVALID with each problem. */
export function parseConfig(text: string, file: string, given: Given = {}): Config {
  const read = readConfig(text, file, given);
  if ("problems" in read) throw invalid(file, read.problems);
  return read;
}

/** A warning for each setting of the file that an input contradicts; `auto` leaves it to the input. */
function overruled(given: Given, { value, keyPlace }: ConfigSource): readonly Problem[] {
  if (typeof value !== "object" || value === null) return [];
  const said = value as Readonly<Record<string, unknown>>;
  return Object.entries(given)
    .filter(([key, input]) => {
      const own = said[key];
      return own !== undefined && own !== "auto" && own !== input;
    })
    .map(([key, input]) => ({
      ...keyPlace([key]),
      message: `${key}: ${JSON.stringify(said[key])} here, but the component's input says ${JSON.stringify(input)}, which wins; say the same in the include, or drop it here`,
    }));
}

/** Keys that begin with `x-` hold what aliases are for, as in Compose files. */
function withoutExtensions(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-")));
}

/** Values that look like variables, none of which is ever expanded; each with its place. */
function literals(value: unknown, path: Path, source: ConfigSource): readonly Problem[] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, member]) =>
      literals(member, [...path, key], source),
    );
  if (typeof value !== "string" || !/\$\{?[A-Z_][A-Z0-9_]+/.test(value)) return [];
  const message = `${path.join(".")}: ${JSON.stringify(value)} is taken as it stands, for no variables are expanded here`;
  return [{ ...source.place(path), message }];
}

/** A configuration without a file, from the component's inputs alone. */
export function configOf(given: Given): Config {
  return { ...parseConfig("", "berth.yml", given), file: undefined };
}

/** What wins over the file; upstream is not among it, since the file says who is upstream in any case. */
function checkGiven({ upstream: _, ...given }: Given): Partial<Settings> {
  if (Object.keys(given).length === 0) return {};
  const result = schema.safeParse(given, z.once);
  if (result.success) {
    const entries = Object.entries(result.data).filter(([key]) => Object.hasOwn(given, key));
    return Object.fromEntries(entries);
  }
  const said = result.error.issues.map(({ path: [key], message }) => {
    const name = givenVariables[String(key) as keyof typeof givenVariables] ?? String(key);
    return `${name}: ${message}`;
  });
  throw new BerthError("CONFIG_INVALID", `read the component's inputs: ${said.join("; ")}`, {
    hint: "`berth help configuration` says what each input takes",
  });
}

function withoutMistakes(
  issues: readonly Issue[],
  value: unknown,
  source: ConfigSource,
): Config | undefined {
  if (!mistakesOf(issues, value).every(({ path }) => removed(value, path))) return undefined;
  const result = schema.safeParse(value, z.once);
  return result.success ? settle(result.data, source) : undefined;
}

/** Takes the key out of the data that a path leads through last; whether that leaves what images there are as it is. */
function removed(value: unknown, path: Path): boolean {
  const last = path.findLastIndex((step) => typeof step === "string");
  const key = String(path[last]);
  const owner = valueAt(value, path.slice(0, last));
  const isFree = !["images", "exclude", "name", "dockerfile"].includes(key);
  return isFree && Object(owner) === owner && Reflect.deleteProperty(owner as object, key);
}

/** CONFIG_INVALID for a file, with each of its problems. */
export function invalid(file: string, problems: readonly Problem[]): BerthError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new BerthError("CONFIG_INVALID", `read configuration ${file}: ${count}`, {
    hint: "`berth help configuration` says what each key takes",
    problems,
  });
}

/** The configuration of a file: its settings, with every image at the place where it is said. */
function settle(read: Settings, source: ConfigSource): Config {
  const { images, defaults, exclude, ...settings } = read;
  return {
    ...settings,
    file: source.file,
    images: settleImages({ images, defaults, exclude }, source),
    warnings: [],
  };
}

function settleImages(
  settings: Pick<Settings, "images" | "defaults" | "exclude">,
  source: ConfigSource,
): ImagesSetting {
  const defaults = settleOptions(settings.defaults ?? {}, imageDefaults, ["defaults"], source);
  const exclude = settings.exclude.map((item, index) => ({
    glob: normalPath(item) ?? item,
    place: source.place(["exclude", index]),
  }));
  const { images } = settings;
  if (images === undefined) return { entries: undefined, exclude, defaults };
  const entry = entryReader(defaults, source);
  if (typeof images === "string") {
    return { entries: [entry(images, undefined, ["images"])], exclude, defaults };
  }
  const entries = Array.isArray(images)
    ? images.map((item, index) => entry(item, undefined, ["images", index]))
    : Object.entries(images).map(([name, item]) => entry(item, name, ["images", name]));
  return { entries, exclude, defaults };
}

type ImageObject = OptionSettings & {
  readonly name?: string | undefined;
  readonly dockerfile: string;
};

function entryReader(defaults: ImageOptions, source: ConfigSource) {
  return (item: string | ImageObject, key: string | undefined, path: Path): ImageEntry => {
    if (typeof item === "string" && key === undefined && isGlob(item)) {
      return { kind: "glob", glob: normalPath(item) ?? item, place: source.place(path) };
    }
    const own: ImageObject = typeof item === "string" ? { dockerfile: item } : item;
    const place = (name: string) => source.place([...path, name]);
    return {
      kind: "image",
      name: key ?? own.name,
      dockerfile: normalPath(own.dockerfile) ?? own.dockerfile,
      options: settleOptions(own, defaults, path, source),
      places: {
        name: key === undefined ? place("name") : source.keyPlace(path),
        dockerfile: place("dockerfile"),
        context:
          own.context === undefined ? source.place(["defaults", "context"]) : place("context"),
      },
    };
  };
}

function settleOptions(
  own: OptionSettings,
  defaults: ImageOptions,
  path: Path,
  source: ConfigSource,
): ImageOptions {
  const spelt = (value: string | number | boolean, ...steps: Path) =>
    typeof value === "string" ? value : (source.spelling([...path, ...steps]) ?? String(value));
  const args = Object.entries(own.args ?? {}).map(
    ([name, value]) => [name, spelt(value, "args", name)] as const,
  );
  return {
    context: own.context === undefined ? defaults.context : normalPath(own.context),
    args: { ...defaults.args, ...Object.fromEntries(args) },
    target: own.target ?? defaults.target,
    platform: own.platforms === undefined ? defaults.platform : joined(own.platforms),
    secrets: own.secrets === undefined ? defaults.secrets : settleSecrets(own.secrets),
    epoch: own.epoch === undefined ? defaults.epoch : spelt(own.epoch, "epoch"),
    optional: own.optional ?? defaults.optional,
    onbuild: own.onbuild ?? defaults.onbuild,
    allowAdd: own.allow_add ?? defaults.allowAdd,
  };
}

/** In whatever order they are written, they mean the same. */
function joined(platforms: readonly string[]): string {
  return [...new Set(platforms)].sort().join(",");
}

function settleSecrets(secrets: NonNullable<OptionSettings["secrets"]>): readonly Secret[] {
  if (Array.isArray(secrets)) return secrets.map((name) => ({ id: name, env: name }));
  return Object.entries(secrets).map(([id, from]) => ({ id, ...from }));
}
