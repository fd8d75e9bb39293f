/** What a base image's registry says of it, so that a build starts from exactly that and misses no ONBUILD. */
import { BerthError } from "../errors.ts";
import { limitHint } from "../http/errors.ts";
import { isObject, readObject } from "../json.ts";
import { childFor, type Manifest } from "../oci/manifest.ts";
import { parseReference, printReference, type Reference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";

export interface BaseFacts {
  /** As the Dockerfile names it, ARGs expanded. */
  readonly name: string;
  /** The same image for the platform, by digest; `undefined` where its registry could not be asked. */
  readonly pinned: string | undefined;
  readonly digest: string | undefined;
  /** What of it is for the platform: its own digest where it is no index. */
  readonly child: string | undefined;
  /** Instructions that a build from it runs without their being in the Dockerfile. */
  readonly onbuild: readonly string[];
  /** Names of the variables that it sets. */
  readonly env: readonly string[];
  readonly layers: number | undefined;
  /** Why nothing is known. */
  readonly unknown: string | undefined;
}

/**
 * Asks a base's registry for its digest and its ONBUILD instructions: one GET, two more for the config.
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
    const child = childFor(manifest, platform)?.digest ?? digest;
    // buildah takes the image of another platform for it where one of the same index is at hand.
    const pinned = printReference(withDigest(reference, child));
    const settings = await settingsOf(manifest, reference, platform, registry);
    return { name, pinned, digest, child, ...settings, unknown: undefined };
  } catch (error) {
    // An engine would be told the same, after minutes.
    if (!(error instanceof BerthError) || error.hint === limitHint) throw error;
    return unknownBase(name, error.message);
  }
}

function unknownBase(name: string, unknown: string): BaseFacts {
  return { name, pinned: undefined, digest: undefined, child: undefined, ...none, unknown };
}

type Settings = Pick<BaseFacts, "onbuild" | "env">;
const none = { onbuild: [], env: [], layers: undefined };

async function settingsOf(
  manifest: Manifest,
  reference: Reference,
  platform: string,
  registry: Registry,
): Promise<Settings & Pick<BaseFacts, "layers">> {
  const { content } = manifest;
  if (content.kind === "index") {
    const entry = childFor(manifest, platform);
    const child =
      entry === undefined ? undefined : await registry.get(withDigest(reference, entry.digest));
    return child === undefined || child.content.kind === "index"
      ? none
      : settingsOf(child, reference, platform, registry);
  }
  const bytes = await registry.blob(reference, content.config.digest);
  const settings = bytes === undefined ? none : readSettings(bytes, printReference(reference));
  return { ...settings, layers: content.layers.length };
}

/**
 * What of an image's config changes the meaning of a build from it: `OnBuild` (moby's extension to the
 * image-spec's config.md) and `Env`; MANIFEST_INVALID where the config is no JSON object.
 */
export function readSettings(bytes: Uint8Array, where: string): Settings {
  const { config: settings } = configOf(bytes, where);
  const texts = (name: string): readonly string[] => {
    const list = member(settings, name);
    return Array.isArray(list) ? list.filter((one): one is string => typeof one === "string") : [];
  };
  return {
    onbuild: texts("OnBuild"),
    env: texts("Env").map((pair) => pair.split("=", 1)[0] ?? ""),
  };
}

/**
 * When the oldest of the layers was made that a build put upon its base, as the history in its config tells it
 * (image-spec, config.md); layers that an engine took from a cache keep their time.
 *
 * `undefined` where the build made none, or the history does not tell them all.
 */
export function oldestLayer(config: Uint8Array, where: string, made: number): Date | undefined {
  const { history } = configOf(config, where);
  const layers = (Array.isArray(history) ? history : []).filter(
    (entry) => member(entry, "empty_layer") !== true,
  );
  // Counted from the end, since a base need not tell its own history.
  const times = layers
    .slice(-made)
    .map((entry) => Date.parse(String(member(entry, "created") ?? "")));
  const isTold = made > 0 && times.length === made && !times.some(Number.isNaN);
  return isTold ? new Date(Math.min(...times)) : undefined;
}

function configOf(bytes: Uint8Array, where: string): Readonly<Record<string, unknown>> {
  const config = readObject(new TextDecoder().decode(bytes));
  if (config !== undefined) return config;
  throw new BerthError("MANIFEST_INVALID", `read the config of ${where}: it is not a JSON object`);
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
