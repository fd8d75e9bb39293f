/** Variables, flags and settings that a page names and that do not exist. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeProgram } from "../../src/cli/program.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { schema } from "../../src/config/schema.ts";
import { BerthError } from "../../src/errors.ts";
import { components } from "../templates/templates.ts";
import { words } from "./pages.ts";

const top = join(import.meta.dirname, "../..");

/** The text of all files below folders of the project. */
export function textOf(...folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ),
  );
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8")).join();
}

const code = textOf("src", "templates");
const outputs = readFileSync(join(top, "docs/configuration.md"), "utf8");

/** Variables under any prefix, GitLab's own left out; what a set's image is called is up to the project. */
export function unknownVariables(text: string): readonly string[] {
  const named = words(text, /\b((?:BERTH|QEMU_CI|ARM64)_[A-Z][A-Z_]*[A-Z])\b(?!_)/g);
  const prefixed = words(text, /<PREFIX>(_[A-Z_]+[A-Z])/g);
  return [
    ...named.filter(
      (name) =>
        !/_IMAGE_[A-Z]/.test(name) &&
        !new RegExp(`\\b${name}\\b`).test(code) &&
        !isSuffix(name.replace(/^(?:BERTH|QEMU_CI|ARM64)/, "")),
    ),
    ...prefixed.filter((name) => name !== "_IMAGE" && !isSuffix(name)),
  ];
}

/** Does the code put this behind a project's prefix? */
function isSuffix(name: string): boolean {
  return new RegExp(`[}\\]]${name}\\b`).test(code) || outputs.includes(`<PREFIX>${name}\``);
}

const program = await makeProgram();

/** `berth COMMAND … --flag` in code spans and shell blocks. */
export function unknownFlags(text: string): readonly string[] {
  const lines = [...text.matchAll(/(?:`|^)berth ([a-z]+)([^`\n]*)/gm)];
  return lines.flatMap(([line, name, rest = ""]) => {
    const command = program.commands.find((each) => each.name() === name);
    const known = [...(command?.options ?? []), ...program.options].map(({ long }) => long);
    const own = rest.replace(/#.*/, "").replace(/ -- .*/, "");
    const flags = words(own, /(?<=\s)(--[a-z][a-z-]*)/g);
    return flags.filter((flag) => !known.includes(flag)).map((flag) => `${line}: ${flag}`);
  });
}

const settings = schema.shape.defaults.def.innerType.shape;
const inputs = new Map(components.flatMap((component) => [...component.inputs]));

/** Code spans such as `mode: inline` that neither berth.yml nor a component takes. */
export function unknownSettings(text: string): readonly string[] {
  return words(text, /`([a-z_]+: [^`\n]+)`/g).filter((span) => {
    const [, key = "", value = ""] = /^([a-z_]+): (.+)$/.exec(span) ?? [];
    const options = inputs.get(key)?.options;
    if (Array.isArray(options) && options.includes(value)) return false;
    if (key in schema.shape) return !isConfig(span);
    if (key in settings) return !isConfig(`defaults: {${span}}`);
    return Array.isArray(options);
  });
}

function isConfig(text: string): boolean {
  try {
    parseConfig(text, "berth.yml");
    return true;
  } catch (error) {
    if (error instanceof BerthError) return false;
    throw error;
  }
}
