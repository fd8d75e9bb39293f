/** Writes berth.schema.json and the reference of docs/configuration.md from the schema; a test compares them. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { schema } from "../src/config/schema.ts";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
}

/** What editors show beside the descriptions, by key of the file; a key with a list of words needs none. */
export const examples: Readonly<Record<string, readonly unknown[]>> = {
  prefix: ["QEMU_CI"],
  upstream: ["qemu-project", "registry.example.com/group/project"],
  registry: ["registry.example.com/group/project"],
  repository: ["qemu/{name}"],
  parents: ["qemu/{name}"],
  publish: [
    [
      { branch: "staging", tag: "latest" },
      { branch: "staging-*", tag: "{slug}" },
    ],
  ],
  registries: [{ "registry.example.com:5000": { insecure: true } }],
  dotenv: [{ max_variables: 20 }],
  parallel: [4],
  merge: [{ bots: ["marge-bot"] }, { merged_results: true }],
  refresh: [{ max_age: 30 }, false],
  prune: [{ branches: ["{default}", "stable-*"], days: 14 }],
  defaults: [{ platforms: ["linux/arm64"], args: { MIRROR: "deb.example.com" } }],
  images: [
    "ci/*.docker",
    ["ci/*.docker", { dockerfile: "ci/fedora.docker", optional: true }],
    { base: "ci/base/Dockerfile", docs: { dockerfile: "ci/docs.docker", context: "docs" } },
  ],
  exclude: [["old-*", "third_party/**"]],
};

/** The JSON Schema (draft 7, which editors know best) of a configuration file. */
export function jsonSchema() {
  const { properties = {}, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
  const shown = Object.entries(properties).map(([key, property]) => {
    const given = examples[key];
    return [key, given === undefined ? property : { ...(property as object), examples: given }];
  });
  return {
    // A name and no address: each GitLab serves a copy of its own.
    $id: "urn:berth:schema:berth.yml",
    title: "berth.yml",
    description: "Which container images a project has, and how berth is to treat them.",
    ...rest,
    properties: Object.fromEntries(shown) as Readonly<Record<string, object>>,
    patternProperties: { "^x-": {} },
  };
}

/** The tables of `berth.yml` in docs/configuration.md. */
export function referenceText(root: Node = jsonSchema() as Node): string {
  const { defaults, images, ...rest } = root.properties ?? {};
  const [, list] = images?.anyOf ?? [];
  const [, listed] = list?.items?.anyOf ?? [];
  const parts = [
    "### The file",
    table({ properties: { ...rest, images: images ?? {}, defaults: defaults ?? {} } }),
    "### An image",
    "An entry of `images` as an object takes these keys. All but `name` and `dockerfile` may also stand under `defaults`. In a map of images the name is the key, so `name` is not allowed there.",
    table(listed ?? {}),
    "### `publish`",
    table(root.properties?.["publish"]?.items ?? {}),
    "### `merge`",
    table(root.properties?.["merge"] ?? {}),
    "### `refresh`",
    table(root.properties?.["refresh"]?.anyOf?.[0] ?? {}),
    "### `prune`",
    table(root.properties?.["prune"] ?? {}),
    "### `registries`",
    table(root.properties?.["registries"]?.additionalProperties as Node),
    "### `dotenv`",
    table(root.properties?.["dotenv"] ?? {}),
  ];
  return `${parts.join("\n\n")}\n`;
}

function table(node: Node): string {
  const rows = Object.entries(node.properties ?? {}).map(([key, value]) => {
    const preset = printDefault(value.default);
    const need = node.required?.includes(key) ? "Required. " : "";
    return `| \`${key}\` | ${typeOf(value)} | ${need}${cell(value.description ?? "")}${preset} |`;
  });
  return ["| key | takes | meaning |", "|---|---|---|", ...rows].join("\n");
}

function printDefault(value: unknown): string {
  const empty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return value === undefined || empty ? "" : ` Default: \`${spell(value)}\`.`;
}

function spell(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spell).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const members = Object.entries(value).map(([key, member]) => `${key}: "${member}"`);
  return `{ ${members.join(", ")} }`;
}

function typeOf(node: Node): string {
  if (node.enum) return node.enum.map((word) => `\`${word}\``).join(", ");
  if (node.anyOf) return [...new Set(node.anyOf.map(typeOf))].join(" or ");
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.type === "array") return "list";
  if (node.type === "object") return "mapping";
  return { string: "text", integer: "number", boolean: "true or false" }[node.type ?? ""] ?? "text";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** A page with the part between two markers replaced. */
export function withPart(page: string, part: "reference" | "components", text: string): string {
  const script = part === "reference" ? "schema" : "inputs";
  const begin = `<!-- ${part}: written by scripts/${script}.ts -->\n`;
  const end = `<!-- end of ${part} -->`;
  const [before, rest] = page.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error("the page has lost its markers");
  return `${before}${begin}\n${text}\n${end}${after}`;
}

if (import.meta.main) {
  const top = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  writeFileSync(top("berth.schema.json"), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
  execFileSync(top("node_modules/.bin/biome"), ["format", "--write", top("berth.schema.json")]);
  const page = top("docs/configuration.md");
  writeFileSync(page, withPart(readFileSync(page, "utf8"), "reference", referenceText()));
}
