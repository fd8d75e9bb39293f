/** What base images say of themselves. */
import { isNotRoot } from "../dockerfile/recipe.ts";
import { BerthError } from "../errors.ts";
import { isLimited } from "../http/errors.ts";
import { isObject, readObject } from "../json.ts";
import { childFor, type Manifest } from "../oci/manifest.ts";
import { parseReference, printReference, type Reference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { BaseFacts } from "./tools.ts";

/**
 * Asks a base's registry for its digest and what it leaves to a build from it: one GET, two more for the config.
 *
 * A base that only the engine can reach (a mirror, an image of the local daemon) is not an error: the
 * build then uses the name as written. REGISTRY_UNAVAILABLE where the registry asks to wait (429).
 */
export async function lookUpBase(
  name: string,
  platform: string,
  registry: Registry,
): Promise<BaseFacts> {
  try {
    const reference = parseReference(name);
    const manifest = await registry.get(reference);
    if (manifest === undefined) return unknownBase(name, "its registry does not have it");
    const { digest } = manifest.descriptor;
    const entry = childFor(manifest, platform);
    const child = entry?.digest ?? digest;
    const place = withDigest(reference, child);
    // buildah takes the image of another platform for it where one of the same index is at hand.
    const pinned = printReference(place);
    const image = entry === undefined ? manifest : await registry.get(place);
    const settings = await settingsOf(image, reference, registry);
    // What an image says of itself is sometimes wrong, and engines go by its index.
    const { architecture } = entry?.platform ?? settings;
    return { name, pinned, digest, child, ...settings, architecture, unknown: undefined };
  } catch (error) {
    // An engine would be told the same, after minutes.
    if (!(error instanceof BerthError) || isLimited(error)) throw error;
    return unknownBase(name, error.message);
  }
}

function unknownBase(name: string, unknown: string): BaseFacts {
  return { name, pinned: undefined, digest: undefined, child: undefined, ...none, unknown };
}

type Settings = Pick<BaseFacts, "onbuild" | "env" | "leaves" | "architecture">;
const none = {
  onbuild: [],
  env: [],
  leaves: undefined,
  architecture: undefined,
  layers: undefined,
};

async function settingsOf(
  manifest: Manifest | undefined,
  reference: Reference,
  registry: Registry,
): Promise<Settings & Pick<BaseFacts, "layers">> {
  if (manifest?.content.kind !== "image") return none;
  const { config, layers } = manifest.content;
  const bytes = await registry.blob(reference, config.digest);
  const settings = bytes === undefined ? none : readSettings(bytes, printReference(reference));
  return { ...settings, layers: layers.length };
}

/**
 * What of an image's config changes the meaning of a build from it: `OnBuild` and `Shell` (moby's extensions to the
 * image-spec's config.md), `Env`, `User`, `ExposedPorts` and `architecture`; MANIFEST_INVALID where it is no JSON object.
 */
export function readSettings(bytes: Uint8Array, where: string): Settings {
  const { config: settings, architecture } = configOf(bytes, where);
  const texts = (name: string): readonly string[] => {
    const list = member(settings, name);
    return Array.isArray(list) ? list.filter((one): one is string => typeof one === "string") : [];
  };
  const [user, ports] = ["User", "ExposedPorts"].map((name) => member(settings, name));
  return {
    onbuild: texts("OnBuild"),
    env: texts("Env").map((pair) => pair.split("=", 1)[0] ?? ""),
    leaves: {
      shell: !["", "/bin/sh -c"].includes(texts("Shell").join(" ")),
      user: typeof user === "string" && user !== "" && isNotRoot(user),
      ports: Object.keys(isObject(ports) ? ports : {}),
    },
    architecture: typeof architecture === "string" ? architecture : undefined,
  };
}

export function configOf(bytes: Uint8Array, where: string): Readonly<Record<string, unknown>> {
  const config = readObject(new TextDecoder().decode(bytes));
  if (config !== undefined) return config;
  throw new BerthError("MANIFEST_INVALID", `read the config of ${where}: it is not a JSON object`);
}

export function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
