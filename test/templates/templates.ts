/** The templates that exist, and the values that their inputs are tested with. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Declaration, readTemplate, type Template } from "../support/template.ts";

const folder = join(import.meta.dirname, "../../templates");

export interface Component extends Template {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Every file below templates/, whatever it is called. */
export const templateFiles: readonly string[] = readdirSync(folder, {
  recursive: true,
  withFileTypes: true,
})
  .filter((entry) => entry.isFile())
  .map((entry) => `templates${join(entry.parentPath, entry.name).slice(folder.length)}`)
  .sort();

export const components: readonly Component[] = templateFiles.map((path) => {
  const text = readFileSync(join(folder, "..", path), "utf8");
  const name = path.replace(/^templates\//, "").replace(/(\/template)?\.yml$/, "");
  return { ...readTemplate(text), name, path, text };
});

/** Values beside the default, by the input's name, or by component and name where components differ. */
const samples: Readonly<Record<string, readonly unknown[]>> = {
  prefix: ["QEMU_CI"],
  flags: ["QEMU_JOB"],
  upstream: ["qemu-project", "group/sub/project", "registry.example.com:5000/group/project"],
  "rules.upstream": ["qemu-project", "group/sub/project"],
  config: ["ci/berth.yml"],
  image: ["registry.example.com:5000/tools/berth:1.2.3", "$CI_REGISTRY_IMAGE/berth:latest"],
  docker_service: ["registry.example.com/docker:28.5-dind"],
  job_prefix: ["a", "images_2-"],
  stage: ["containers"],
  gate: ["rules"],
  // The schema refuses an empty list, which GitLab itself takes.
  tags: [["linux", "arm64"]],
  build_tags: [["linux", "arm64"]],
  platform_tags: [[["linux/arm64", "aarch64"]]],
  build_variables: [["MIRROR_URL", "SITE"]],
  build_timeout: ["3h"],
  staging: ["/^(staging|next)$/"],
  stable: ["/^(stable|lts)-[0-9.]+$/"],
};

/** The default, the options or both booleans, and what the table of samples adds. */
export function valuesOf(component: string, input: string, declaration: Declaration): unknown[] {
  const first = "default" in declaration ? [declaration.default] : [];
  const closed = declaration.type === "boolean" ? [true, false] : declaration.options;
  const more = closed ?? samples[`${component}.${input}`] ?? samples[input];
  const values = [...first, ...(Array.isArray(more) ? more : [])];
  return values.filter((value, index) => {
    const same = (other: unknown): boolean => JSON.stringify(other) === JSON.stringify(value);
    return values.findIndex(same) === index;
  });
}

/** Values of a component's inputs, by name. */
export type Combination = Readonly<Record<string, unknown>>;

/**
 * All combinations of what names jobs or is a choice, and each other value once: GitLab puts an input in wherever it
 * stands and looks at no other.
 */
export function combinationsOf(component: Component): readonly Combination[] {
  const named = new Set(
    component.blocks
      .filter(({ path, name }) => path.includes("extends") && name !== "job_prefix")
      .map(({ name }) => name),
  );
  const axes = [...component.inputs].map(([input, declaration]) => {
    const isChoice = named.has(input) || declaration.type === "boolean" || declaration.options;
    return { input, isChoice, values: valuesOf(component.name, input, declaration) };
  });
  const usual = Object.fromEntries(axes.map(({ input, values }) => [input, values[0]]));
  const choices = axes
    .filter(({ isChoice }) => isChoice)
    .reduce<readonly Combination[]>(
      (made, { input, values }) =>
        made.flatMap((one) => values.map((value) => ({ ...one, [input]: value }))),
      [usual],
    );
  const others = axes.filter(({ isChoice }) => !isChoice);
  return [
    ...choices,
    ...others.flatMap(({ input, values }) => values.map((value) => ({ ...usual, [input]: value }))),
  ];
}
