/** Writes the components of docs/configuration.md from templates/; a test compares them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isScalar } from "yaml";
import { version } from "../src/cli/program.ts";
import {
  blockPattern,
  type Declaration,
  readTemplate,
  type Template,
} from "../test/support/template.ts";
import { withPart } from "./schema.ts";

const top = join(import.meta.dirname, "..");

const intro = `A project includes a component by its name and version, and gives it inputs. What no input says, it says in its own
YAML under a job's name, such as \`rules\` of \`.berth-gate-images\` or \`berth-promote\`: GitLab merges both, and the project's own wins.

\`\`\`yaml
# .gitlab-ci.yml
include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@${version}
    inputs:
      prefix: QEMU_CI
\`\`\`

GitLab refuses an input that is not listed here, and a value that does not match. Jobs are listed by the names that
they have when no input changes them. A name that begins with a dot is a hidden job: it runs only in jobs that
name it under \`extends\`.
`;

/** The reference of all components: what each is for, its inputs and its jobs. */
export function componentsText(): string {
  const names = readdirSync(join(top, "templates"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yml"))
    .sort();
  const sections = names.map((path) =>
    section(
      path.replace(/(\/template)?\.yml$/, ""),
      readFileSync(join(top, "templates", path), "utf8"),
    ),
  );
  return `${intro}\n${sections.join("\n")}`;
}

/** The part of the page about one template; its first comment says what it is for. */
export function section(name: string, text: string): string {
  const template = readTemplate(text);
  const [, comment = ""] = /^((?:#.*\n)+)/.exec(text) ?? [];
  const rows = [...template.inputs].map(([input, declaration]) => row(input, declaration));
  const table = [
    "| input | type | default | allowed | what it is |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ];
  return `### Component \`${name}\`\n\n${flowing(comment.replace(/^# ?/gm, ""))}\n\n${table.join("\n")}\n\n${jobList(template)}\n`;
}

function row(name: string, declaration: Declaration): string {
  const { type = "string", options, regex, description = "" } = declaration;
  const allowed = Array.isArray(options) ? options.map(code).join(", ") : regex && code(regex);
  const initial = "default" in declaration ? code(declaration.default) : "none: must be given";
  const cells = [code(name), type, initial, allowed ?? "", flowing(String(description))];
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(value: unknown): string {
  const text = typeof value === "string" && value !== "" ? value : JSON.stringify(value);
  return `\`${text}\``;
}

/** Jobs as the template groups them: a comment stands above one job or several. */
function jobList(template: Template): string {
  const { contents, commentBefore } = template.body;
  if (!isMap(contents)) return "";
  const groups: { comment: string; names: string[] }[] = [];
  for (const [index, { key }] of contents.items.entries()) {
    if (!isScalar(key)) continue;
    const first = index === 0 ? (contents.commentBefore ?? commentBefore) : undefined;
    const [comment = ""] = (key.commentBefore ?? first ?? "")
      .split(/\n\s*\n/)
      .slice(-1)
      .map(flowing);
    if (comment !== "" || groups.length === 0) groups.push({ comment, names: [] });
    groups.at(-1)?.names.push(code(usualName(String(key.value), template)));
  }
  const told = groups.map(({ comment, names }) =>
    [names.join(", "), comment].filter((part) => part !== "").join(": "),
  );
  return `Jobs:\n\n${told.map((line) => `- ${line}`).join("\n")}`;
}

function usualName(key: string, { inputs, blocks }: Template): string {
  const usual = new Map(
    blocks.map(({ text, name }) => [text, String(inputs.get(name)?.default ?? name.toUpperCase())]),
  );
  return key.replace(blockPattern, (block) => usual.get(block) ?? block);
}

function flowing(text: string): string {
  return text.trim().split(/\s+/).join(" ");
}

if (import.meta.main) {
  const page = join(top, "docs/configuration.md");
  writeFileSync(page, withPart(readFileSync(page, "utf8"), "components", componentsText()));
}
