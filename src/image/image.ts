/**
 * The images that a project declares, and their order. One of several platforms is an index over members, one build for
 * each. A member is an image like others, with a key, a decision and a tag of its own in the same repository; its name
 * tells whose it is: `debian@arm64`.
 */
import { BerthError, type Problem } from "../errors.ts";

/** A build secret: its id is part of the key, its value never is. */
export type Secret =
  | { readonly id: string; readonly env: string }
  | { readonly id: string; readonly file: string };

/** One image that the project declares; paths are below the repository's top, with `/` and no `./`. */
export interface Image {
  readonly name: string;
  readonly dockerfile: string;
  /** The folder of the build context; `""` is the repository's top. */
  readonly context: string;
  /** Build arguments, by name. */
  readonly args: Readonly<Record<string, string>>;
  /** The stage to build; the last one where `undefined`. */
  readonly target: string | undefined;
  /** Such as `linux/amd64`; several, sorted, with commas between them, as engines take them. */
  readonly platform: string;
  readonly secrets: readonly Secret[];
  /** Free text: another epoch is another key. */
  readonly epoch: string | undefined;
  /** May fail without failing the set. */
  readonly optional: boolean;
  /** Its base has ONBUILD instructions, so any file of the context may get into the image. */
  readonly onbuild: boolean;
  /** Sources of ADD that may be fetched although nothing pins their content. */
  readonly allowAdd: readonly string[];
}

type Platformed = Pick<Image, "platform">;

export function platformsOf({ platform }: Platformed): readonly string[] {
  return platform.split(",");
}

export function isIndex(image: Platformed): boolean {
  return platformsOf(image).length > 1;
}

/** The name of the member for a platform; all platforms are Linux's. */
export function memberName(image: string, platform: string): string {
  return `${image}@${platform.replace(/^linux\//, "").replaceAll("/", "-")}`;
}

export function isMember(name: string): boolean {
  return name.includes("@");
}

/** The images alone, as people and records know them, without members. */
export function withoutMembers<I extends { readonly name: string }>(
  images: readonly I[],
): readonly I[] {
  return images.filter(({ name }) => !isMember(name));
}

/** The image that a member is of, or the image itself: what people, repositories and records know. */
export function imageOf(name: string): string {
  return name.split("@", 1)[0] ?? name;
}

/** What of a member's name is its platform's. */
export function suffixOf(name: string): string | undefined {
  return name.split("@")[1];
}

/** The platform that a member is for. */
export function platformOf(member: string): string {
  return `linux/${suffixOf(member)?.replace("-", "/")}`;
}

/** What is built of an image: itself, or its members. */
export function buildsOf<I extends Image>(image: I): readonly I[] {
  if (!isIndex(image)) return [image];
  return platformsOf(image).map((platform) => {
    return { ...image, name: memberName(image.name, platform), platform };
  });
}

interface Node {
  readonly name: string;
  readonly parents: readonly string[];
}

/** Where a node says what it is built from. */
type PlaceOf<T> = (node: T, parent: string) => Problem | undefined;

/**
 * Sorts images so that every parent stands before its children, otherwise as given.
 *
 * A cycle is an IMAGE_CYCLE error that names it as a path, with the places where it is said.
 */
export function parentsFirst<T extends Node>(
  nodes: readonly T[],
  placeOf: PlaceOf<T> = () => undefined,
): readonly T[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const done = new Set<string>();
  const sorted: T[] = [];
  const visit = (node: T, path: readonly string[]): void => {
    if (done.has(node.name)) return;
    if (path.includes(node.name)) {
      const circle = [...path.slice(path.indexOf(node.name)), node.name];
      const problems = circle
        .slice(0, -1)
        .flatMap((name, step) => placeOf(byName.get(name)!, circle[step + 1]!) ?? []);
      throw new BerthError("IMAGE_CYCLE", `order images: ${circle.join(" -> ")} is a cycle`, {
        hint: "an image cannot be built from itself; change one of these FROM or COPY --from lines",
        problems,
      });
    }
    for (const parent of node.parents) {
      const found = byName.get(parent);
      if (found !== undefined) visit(found, [...path, node.name]);
    }
    done.add(node.name);
    sorted.push(node);
  };
  for (const node of nodes) visit(node, []);
  return sorted;
}
