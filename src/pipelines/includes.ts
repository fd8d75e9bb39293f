/** What a file includes, as far as it can be told before GitLab runs. */
import { entryOf, type Mapping, type Value } from "./value.ts";

export type Include =
  /** A path or glob of files in the project itself. */
  { readonly kind: "local"; readonly path: string } | Component;

/** One of berth's own templates. */
export interface Component {
  readonly kind: "component";
  readonly template: string;
  /** Inputs with their values; `undefined` for one that is itself made from an input. */
  readonly inputs: ReadonlyMap<string, string | undefined>;
}

/** Includes of other projects or hosts are left out, and so are those that rules may take away. */
export function includesOf(top: Mapping): readonly Include[] {
  const value = entryOf(top, "include");
  return value === undefined ? [] : itemsOf(value).flatMap(readInclude);
}

function itemsOf(value: Value): readonly Value[] {
  return value.kind === "list" ? value.items.flatMap(itemsOf) : [value];
}

function readInclude(value: Value): readonly Include[] {
  if (value.kind === "text") return local(value.text);
  if (value.kind !== "mapping" || value.entries.has("rules")) return [];
  const text = (key: string): string | undefined => {
    const entry = value.entries.get(key);
    return entry?.kind === "text" ? entry.text : undefined;
  };
  const template = templateOf(text("component"), text("local") ?? text("file") ?? text("remote"));
  const component = template === undefined ? [] : [componentOf(template, value)];
  return [...component, ...local(text("local") ?? "")];
}

function local(path: string): readonly Include[] {
  const known = /\.ya?ml$/.test(path) && !/^\w+:\/\/|\$/.test(path);
  return known ? [{ kind: "local", path }] : [];
}

/** The template's name, whatever the project that publishes it is called. */
function templateOf(component: string | undefined, path: string | undefined): string | undefined {
  return (
    /\/(\w+)@[^/]+$/.exec(component ?? "")?.[1] ??
    /(?:^|\/)templates\/(\w+)(?:\/template)?\.yml$/.exec(path ?? "")?.[1]
  );
}

function componentOf(template: string, include: Mapping): Component {
  const given = include.entries.get("inputs");
  const entries = given?.kind === "mapping" ? [...given.entries] : [];
  return {
    kind: "component",
    template,
    inputs: new Map(entries.map(([name, value]) => [name, plainText(value)])),
  };
}

function plainText(value: Value): string | undefined {
  return value.kind === "text" && !value.text.includes("$[[") ? value.text : undefined;
}
