/** Amounts of bytes, and how people say them. */
import type { ImageBlob } from "./outcome.ts";

/** Prints bytes in powers of 1000, as registries and GitLab count them. */
export function printBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The bytes of blobs, each counted once however often it is named. */
export function bytesOf(blobs: readonly ImageBlob[]): number {
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
