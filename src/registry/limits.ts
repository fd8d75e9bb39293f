/** Bounds on what a registry may cost us, in time, bytes and attempts. */
import { maxManifestBytes } from "../oci/manifest.ts";

export interface Limits {
  /** How often one request is sent at most, the first time included. */
  readonly attempts: number;
  /** The longest wait that a registry may ask for before berth gives up. */
  readonly waitMs: number;
  /** Until the headers of an answer are there. */
  readonly headersMs: number;
  /** A whole metadata request, body included. */
  readonly requestMs: number;
  /** Between two pieces of a body. */
  readonly stallMs: number;
  readonly redirects: number;
  /** Blobs that travel through this process at the same time. */
  readonly streams: number;
}

export const defaultLimits: Limits = {
  attempts: 5,
  waitMs: 120_000,
  headersMs: 30_000,
  requestMs: 60_000,
  stallMs: 30_000,
  redirects: 5,
  streams: 4,
};

/** The most that is read of an answer, by what it is. */
export const maxBytes = {
  manifest: maxManifestBytes,
  smallBlob: 4 * 1024 * 1024,
  tagPage: 4 * 1024 * 1024,
  token: 1024 * 1024,
  error: 64 * 1024,
} as const;

/** Servers and proxies commonly refuse request lines of 8 KiB; this leaves room for what they add. */
export const maxTokenUrl = 6_000;
