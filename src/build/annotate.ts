/** What an image says of its origin, on its manifest, so that neither layers nor their caches are touched. */
import { ownTags } from "../image/key.ts";
import { ownMember, present } from "../json.ts";
import {
  type Annotations,
  type Descriptor,
  type Manifest,
  makeImageManifest,
  mediaTypes,
} from "../oci/manifest.ts";
import { basesAnnotation } from "../plan/freshness.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Situation } from "../plan/situation.ts";

/** The base image that a build started from. */
export interface ResolvedBase {
  /** As the Dockerfile names it, ARGs expanded. */
  readonly name: string;
  readonly digest: string | undefined;
}

/**
 * The annotations of a built image: OCI's (image-spec, annotations.md) and `berth.*` ones.
 *
 * `created` is the time of the oldest layer that the build made or took from a cache.
 */
export function annotationsOf(
  image: PlannedImage,
  situation: Situation,
  build: {
    readonly revision: string | null;
    readonly created: Date;
    readonly base: ResolvedBase | undefined;
    readonly bases: readonly ResolvedBase[];
    readonly engine: string;
  },
): Annotations {
  const { base } = build;
  return present({
    "org.opencontainers.image.created": build.created.toISOString(),
    "org.opencontainers.image.revision": build.revision,
    "org.opencontainers.image.source": situation.source,
    "org.opencontainers.image.base.name": base?.name,
    "org.opencontainers.image.base.digest": base?.digest,
    [basesAnnotation]: printBases(build.bases),
    "berth.key": ownTags.key(image.key),
    "berth.engine": build.engine,
    "berth.pipeline": situation.pipeline,
    "berth.job": situation.job,
    "berth.ref": situation.branch,
    "berth.trust": situation.untrusted === undefined ? "trusted" : "untrusted",
  });
}

/** Bases whose tag may move; what the Dockerfile names by digest cannot. */
function printBases(bases: readonly ResolvedBase[]): string | undefined {
  const moving = bases.filter(({ name, digest }) => digest !== undefined && !name.includes("@"));
  if (moving.length === 0) return undefined;
  return moving
    .map(({ name, digest }) => `${name}@${digest}`)
    .sort()
    .join(" ");
}

const ociNames: Readonly<Record<string, string>> = {
  [mediaTypes.dockerConfig]: mediaTypes.ociConfig,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  [mediaTypes.ociConfig]: mediaTypes.ociConfig,
  [mediaTypes.ociLayerGzip]: mediaTypes.ociLayerGzip,
};

/**
 * The same image as an OCI manifest with annotations; blobs stay what they are, since Docker's and
 * OCI's image configs and gzip layers are the same bytes under two names.
 *
 * `undefined` for an index or a kind of layer that OCI has no name for: such a manifest is kept as it is.
 */
export function withAnnotations(
  manifest: Manifest,
  annotations: Annotations,
): Manifest | undefined {
  const { content } = manifest;
  if (content.kind === "index") return undefined;
  const config = asOci(content.config);
  const layers = content.layers.map(asOci);
  if (config === undefined || layers.includes(undefined)) return undefined;
  return makeImageManifest(config, layers as Descriptor[], {
    ...content.annotations,
    ...annotations,
  });
}

function asOci(descriptor: Descriptor): Descriptor | undefined {
  const mediaType = ownMember(ociNames, descriptor.mediaType);
  return mediaType === undefined ? undefined : { ...descriptor, mediaType };
}
