/** From what the file says of images to how they are looked for. */
import type { Secret } from "../image/image.ts";
import type { Config, ImageEntry, ImageOptions, ImagesSetting } from "./config.ts";
import { imageDefaults } from "./defaults.ts";
import type { ConfigSource, Path } from "./document.ts";
import { isGlob } from "./glob.ts";
import { normalPath } from "./rules.ts";
import type { OptionSettings, Settings } from "./schema.ts";

/** The configuration of a file: its settings, with every image at the place where it is said. */
export function settle(read: Settings, source: ConfigSource): Config {
  const { images, defaults, exclude, ...settings } = read;
  return {
    ...settings,
    file: source.file,
    images: settleImages({ images, defaults, exclude }, source),
    warnings: [],
  };
}

function settleImages(
  settings: Pick<Settings, "images" | "defaults" | "exclude">,
  source: ConfigSource,
): ImagesSetting {
  const defaults = settleOptions(settings.defaults ?? {}, imageDefaults, ["defaults"], source);
  const exclude = settings.exclude.map((item, index) => ({
    glob: normalPath(item) ?? item,
    place: source.place(["exclude", index]),
  }));
  const { images } = settings;
  if (images === undefined) return { entries: undefined, exclude, defaults };
  const entry = entryReader(defaults, source);
  if (typeof images === "string") {
    return { entries: [entry(images, undefined, ["images"])], exclude, defaults };
  }
  const entries = Array.isArray(images)
    ? images.map((item, index) => entry(item, undefined, ["images", index]))
    : Object.entries(images).map(([name, item]) => entry(item, name, ["images", name]));
  return { entries, exclude, defaults };
}

type ImageObject = OptionSettings & {
  readonly name?: string | undefined;
  readonly dockerfile: string;
};

function entryReader(defaults: ImageOptions, source: ConfigSource) {
  return (item: string | ImageObject, key: string | undefined, path: Path): ImageEntry => {
    if (typeof item === "string" && key === undefined && isGlob(item)) {
      return { kind: "glob", glob: normalPath(item) ?? item, place: source.place(path) };
    }
    const own: ImageObject = typeof item === "string" ? { dockerfile: item } : item;
    const place = (name: string) => source.place([...path, name]);
    return {
      kind: "image",
      name: key ?? own.name,
      dockerfile: normalPath(own.dockerfile) ?? own.dockerfile,
      options: settleOptions(own, defaults, path, source),
      places: {
        name: key === undefined ? place("name") : source.keyPlace(path),
        dockerfile: place("dockerfile"),
        context:
          own.context === undefined ? source.place(["defaults", "context"]) : place("context"),
      },
    };
  };
}

function settleOptions(
  own: OptionSettings,
  defaults: ImageOptions,
  path: Path,
  source: ConfigSource,
): ImageOptions {
  const spelt = (value: string | number | boolean, ...steps: Path) =>
    typeof value === "string" ? value : (source.spelling([...path, ...steps]) ?? String(value));
  const args = Object.entries(own.args ?? {}).map(
    ([name, value]) => [name, spelt(value, "args", name)] as const,
  );
  return {
    context: own.context === undefined ? defaults.context : normalPath(own.context),
    args: { ...defaults.args, ...Object.fromEntries(args) },
    target: own.target ?? defaults.target,
    platform: own.platforms === undefined ? defaults.platform : joined(own.platforms),
    secrets: own.secrets === undefined ? defaults.secrets : settleSecrets(own.secrets),
    epoch: own.epoch === undefined ? defaults.epoch : spelt(own.epoch, "epoch"),
    optional: own.optional ?? defaults.optional,
    onbuild: own.onbuild ?? defaults.onbuild,
    allowAdd: own.allow_add ?? defaults.allowAdd,
  };
}

/** In whatever order they are written, they mean the same. */
function joined(platforms: readonly string[]): string {
  return [...new Set(platforms)].sort().join(",");
}

function settleSecrets(secrets: NonNullable<OptionSettings["secrets"]>): readonly Secret[] {
  if (Array.isArray(secrets)) return secrets.map((name) => ({ id: name, env: name }));
  return Object.entries(secrets).map(([id, from]) => ({ id, ...from }));
}
