/** Holds what berth makes of a text against what the engines' own code makes of it. */
import { createHash } from "node:crypto";
import { engineText, type Recipe, resolveRecipe } from "../../src/dockerfile/recipe.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import { canonicalJson } from "../../src/json.ts";
import type { Engines, Meaning, Program, Text } from "./engines.ts";

/** What berth reads in a text. */
export interface Reading {
  readonly recipe: Recipe;
  /** What the key covers, as far as it comes from the text. */
  readonly key: string;
  /** What the engine gets. */
  readonly built: Text;
  /** The same with other empty lines and comments. */
  readonly spaced: Text;
}

/** A rule that does not hold, and for which engine. */
export interface Fault {
  readonly rule: "meaning" | "spacing" | "key" | "engines";
  readonly engine: string;
  readonly detail: string;
}

export interface Examined {
  /** Why berth refuses the text. */
  readonly refusal?: readonly string[];
  /** Engines that accept the text. */
  readonly accepted: readonly string[];
  readonly faults: readonly Fault[];
}

const options = { file: "Dockerfile", parentOf: () => undefined, several: false, allowAdd: ["*"] };

/** Reads a text, or tells why berth refuses it. */
export function read(text: Text): Reading | readonly string[] {
  try {
    const { args, target, platform, bases } = text;
    const onbuild = bases !== undefined;
    const recipe = resolveRecipe(text.text, { ...options, args, target, platform, onbuild });
    const kept = engineText(recipe, () => undefined);
    const build = { ...text, args: recipe.args, target: recipe.target };
    const key = canonicalJson({
      text: recipe.hashed,
      args: recipe.args, // proxies too, which the key leaves out on purpose
      target: recipe.target ?? null,
      platform,
      onbuild,
    });
    return {
      recipe,
      key,
      built: { ...build, text: kept.text },
      spaced: { ...build, text: respaced(kept.text, recipe) },
    };
  } catch (error) {
    if (error instanceof BerthError && error.code === "DOCKERFILE_INVALID")
      return error.problems.map(printProblem);
    throw error;
  }
}

/** Other empty lines and comments, as many and wherever they mean nothing: below directives, above heredocs. */
function respaced(text: string, { lines, hashed }: Recipe): string {
  const directives = /^(?:#[^\n]*\n)*/.exec(hashed)?.[0].length ?? 0;
  const all = text.split("\n").slice(0, -1);
  const top = text.slice(0, directives).split("\n").length - 1;
  const heredoc = all.findIndex((line) => line.includes("<<"));
  const end = heredoc < 0 ? all.length : heredoc;
  const noise = ["", "# c", " ", "", "\t# 'd \\"];
  const body = all
    .slice(top, end)
    .filter((line) => line !== "")
    .flatMap((line, index) => [
      ...noise.slice(0, (index + lines.length) % (noise.length + 1)),
      line,
    ]);
  // An empty line ends the directives, so that no comment becomes one.
  return `${[...all.slice(0, top), "", ...body, ...all.slice(end)].join("\n")}\n`;
}

/** Asks each program once for each text that it is given. */
function asker(program: Program): (text: Text) => Promise<Meaning> {
  const asked = new Map<string, Promise<Meaning>>();
  return (text) => {
    const id = JSON.stringify(text);
    const answer = asked.get(id) ?? program.meaning(text);
    asked.set(id, answer);
    return answer;
  };
}

export interface Examiner {
  examine(text: Text): Promise<Examined>;
  /** How many different keys there were. */
  keys(): number;
}

/** Remembers what the texts of each key meant. */
export function examinerOf(engines: Engines): Examiner {
  const programs = [engines.buildkit, ...engines.imagebuilders];
  const byKey = new Map<string, { readonly text: Text; readonly sums: Record<string, string> }>();
  /** Another text of the same key that means something else. */
  const otherOf = (key: string, text: Text, engine: string, sum: string): Text | undefined => {
    const id = createHash("sha256").update(key).digest("base64");
    const known = byKey.get(id) ?? { text, sums: {} };
    byKey.set(id, known);
    known.sums[engine] ??= sum;
    return known.sums[engine] === sum ? undefined : known.text;
  };
  const hold = async (text: Text, reading: Reading, program: Program) => {
    const ask = asker(program);
    const [original, built, spaced] = await Promise.all(
      [text, reading.built, reading.spaced].map(ask),
    );
    const faults: Fault[] = [];
    const fault = (rule: Fault["rule"], detail: string): void => {
      faults.push({ rule, engine: program.name, detail });
    };
    if (spaced!.sum !== built!.sum) fault("spacing", show(reading.spaced));
    const other = built!.sum && otherOf(reading.key, text, program.name, built!.sum);
    if (other) fault("key", `has the key of\n${show(other)}`);
    if (original!.sum === undefined) return { accepts: false, faults, build: built!.build };
    if (built!.sum !== original!.sum && !isExcused(text, reading, program))
      fault("meaning", `${built!.error ?? ""}\n${show(reading.built)}`);
    return { accepts: true, faults, build: built!.build };
  };
  return {
    keys: () => byKey.size,
    examine: async (text) => {
      const reading = read(text);
      if (!("recipe" in reading)) return { refusal: reading, accepted: [], faults: [] };
      const held = await Promise.all(programs.map((program) => hold(text, reading, program)));
      const [buildkit, ...others] = held.map(({ build }) => build);
      for (const [index, { name }] of engines.imagebuilders.entries()) {
        const isSame = others[index] === undefined || others[index] === buildkit;
        if (buildkit === undefined || isSame || isNoted(reading.built, reading.recipe, name))
          continue;
        held[index + 1]!.faults.push({ rule: "engines", engine: name, detail: "" });
      }
      return {
        accepted: programs.filter((_, index) => held[index]!.accepts).map(({ name }) => name),
        faults: held.flatMap(({ faults }) => faults),
      };
    },
  };
}

/**
 * berth tells of the difference, and refuses the text for the buildah that has it. It cannot tell of ARGs that a
 * base's triggers declare, of what a foreign frontend reads, or of what a pattern makes of a value that the base may
 * have a part in. A cache that begins with the files of an empty stage is no difference: BuildKit's graph leaves that
 * stage out.
 */
function isNoted({ text, bases }: Text, { notes }: Recipe, engine: string): boolean {
  const isNew = engine === "imagebuilder";
  const isRare =
    bases !== undefined ||
    (/type=cache\S*,from=|from=\S*,type=cache/.test(text) &&
      /^\s*FROM\s+(?:--\S+\s+)*scratch/im.test(text)) ||
    /^#\s*syntax=x\//im.test(text) ||
    [...text.matchAll(/\$\{(\w+)[#%/]/g)].some(([, name]) => !isPlain(name ?? "", text));
  return isRare || notes.some(({ buildah }) => !isNew || buildah.below === undefined);
}

/** Whether a text alone says what a variable holds. */
function isPlain(name: string, text: string): boolean {
  const values = [...text.matchAll(new RegExp(`\\b${name}[= ](\\S*)`, "g"))];
  return values.length > 0 && !values.some(([, value]) => value?.includes("$"));
}

interface Excuse {
  readonly engines: RegExp;
  readonly holds: (text: string, recipe: Recipe) => boolean;
}

/** Where imagebuilder reads an original otherwise than BuildKit does, and the kept text cures it. */
const excuses: readonly Excuse[] = [
  // What is refused for every buildah.
  {
    engines: /^imagebuilder/,
    holds: (_, { notes }) => notes.some(({ buildah }) => buildah.below === undefined),
  },
  // A line that ends in two escape characters, in what is dropped.
  { engines: /^imagebuilder/, holds: (text) => /(\\\\|``)[ \t\r]*\n/.test(text) },
  // A FROM whose variables choose a stage.
  {
    engines: /^imagebuilder/,
    holds: (text, { kept }) =>
      kept.namings.some(
        ({ kind, origin, start, end }) =>
          kind === "from" && origin.kind === "stage" && text.slice(start, end).includes("$"),
      ),
  },
  // A global ARG made from the platform (the older one has none, the newer one the machine's) or a proxy.
  {
    engines: /^imagebuilder/,
    holds: (text) => /^\s*ARG\s.*\$\{?(TARGET|BUILD|http_proxy)/im.test(text),
  },
  // Of two stages of one name the older one takes the first for the target.
  {
    engines: /^imagebuilder-older$/,
    holds: (text) => {
      const names = [...text.matchAll(/^\s*FROM\s.*\sAS\s+(\S+)/gim)].map((match) => match[1]);
      return new Set(names).size < names.length;
    },
  },
  // An ARG that a stage inherits is made anew by the newer one, with all global ARGs in sight.
  { engines: /^imagebuilder$/, holds: (text) => /^\s*ARG\s.*\$/im.test(text) },
];

function isExcused({ text }: Text, { recipe }: Reading, { name }: Program): boolean {
  return excuses.some(({ engines, holds }) => engines.test(name) && holds(text, recipe));
}

export function show({ text, ...build }: Text): string {
  return `${JSON.stringify(build)}\n${text.replace(/^/gm, "  | ")}`;
}

/** Drops lines as long as the same rule is broken for the same engine. */
export async function shrink(text: Text, fault: Fault, engines: Engines): Promise<Text> {
  const isBroken = async (candidate: Text): Promise<boolean> => {
    const { faults } = await examinerOf(engines).examine(candidate);
    return faults.some(({ rule, engine }) => rule === fault.rule && engine === fault.engine);
  };
  let smallest = text;
  for (let at = 0; at < smallest.text.split("\n").length; ) {
    const candidate = { ...smallest, text: smallest.text.split("\n").toSpliced(at, 1).join("\n") };
    if (await isBroken(candidate)) smallest = candidate;
    else at++;
  }
  return smallest;
}
