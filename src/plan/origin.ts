/** What images say of how they were made, on their manifests. */
import type { Annotations } from "../oci/manifest.ts";

/** What an image says of how it was made. */
export interface ImageOrigin {
  readonly created: string | undefined;
  readonly revision: string | undefined;
  /** The bases that it was built from, as its Dockerfile names them, and their digests at that time. */
  readonly bases: readonly { readonly name: string; readonly digest: string }[];
}

/** The annotation that names every base with its digest, separated by blanks. */
export const basesAnnotation = "berth.bases";

/** Reads what `annotationsOf` wrote. */
export function originOf(annotations: Annotations): ImageOrigin {
  const bases = (annotations[basesAnnotation] ?? "").split(" ").flatMap((text) => {
    const at = text.lastIndexOf("@");
    return at <= 0 ? [] : [{ name: text.slice(0, at), digest: text.slice(at + 1) }];
  });
  return {
    created: annotations["org.opencontainers.image.created"],
    revision: annotations["org.opencontainers.image.revision"],
    bases,
  };
}
