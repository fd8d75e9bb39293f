/** Digests as the OCI image specification writes them; only sha256 is accepted. */
import { createHash } from "node:crypto";

declare const brand: unique symbol;

/** The sha256 of some bytes, `sha256:<64 hex>`. Only `parseDigest` and `digestOf` make one. */
export type Digest = `sha256:${string}` & { readonly [brand]: "Digest" };

const pattern = /^sha256:[0-9a-f]{64}$/;

/** Gives the digest that a text spells, or `undefined`; see the image-spec's descriptor.md. */
export function parseDigest(text: string): Digest | undefined {
  return pattern.test(text) ? (text as Digest) : undefined;
}

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}
