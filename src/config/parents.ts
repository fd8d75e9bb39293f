/** Which FROM names another image of the set. */
import type { Config } from "./config.ts";

/**
 * Makes the question "does this reference name an image of the set, and which?".
 *
 * A reference matches `parents` as it is spelt, with or without a tag: with `qemu/{name}`, `qemu/debian`
 * and `qemu/debian:latest` do; `docker.io/qemu/debian`, one with a digest, and one that names no
 * declared image do not. Without `parents` nothing matches.
 */
export function parentName(
  config: Pick<Config, "parents">,
  images: readonly { readonly name: string }[],
): (reference: string) => string | undefined {
  const { parents } = config;
  if (parents === undefined) return () => undefined;
  const names = new Set(images.map(({ name }) => name));
  const [before = "", after = ""] = parents.split("{name}");
  return (reference) => {
    if (!reference.startsWith(before)) return undefined;
    const spelt = reference.slice(before.length);
    return [spelt, spelt.replace(tag, "")]
      .filter((text) => text.endsWith(after))
      .map((text) => text.slice(0, text.length - after.length))
      .find((name) => names.has(name));
  };
}

const tag = /:[A-Za-z0-9_][A-Za-z0-9._-]*$/;
