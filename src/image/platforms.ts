/**
 * An image of several platforms is an index over members, one build for each. A member is an image like others, with
 * a key, a decision and a tag of its own in the same repository; its name tells whose it is: `debian@arm64`.
 */
import type { Image } from "./image.ts";

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
