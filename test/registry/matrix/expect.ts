/** Words for what a fault comes to, by the kind of the request that it hits. */
import type { ErrorCode } from "../../../src/errors.ts";
import type { Kind } from "./operations.ts";
import type { Expectation, Hit } from "./runner.ts";

export const good = (more: Expectation["more"] = 0): Expectation => ({ result: "good", more });
export const fails = (result: ErrorCode, more: Expectation["more"] = 0): Expectation => ({
  result,
  more,
});

type ByKind = Partial<Record<Kind, Expectation>>;

/** The same for every kind but those that are named. */
export function of(other: Expectation, named: ByKind = {}): (hit: Hit) => Expectation {
  return ({ kind }) => named[kind] ?? other;
}

/** An upload that fails is given back, and begun again: DELETE, HEAD, POST, GET, PUT. */
export const begunAgain = good(5);

/** What a fault that passes comes to. */
export const passes = of(good(1), { "put blob": begunAgain });

/** The same where the bytes of a blob stop while they are passed on: the PUT never arrives. */
export const passesInBody = of(good(1), { "get blob": good(4) });

/** A mount that comes to nothing: HEAD, POST, GET, PUT. */
export const streamed = good(4);

export const bodies: readonly Kind[] = ["get", "get child", "get blob", "list"];
export const manifests: readonly Kind[] = ["get", "get child", "put", "put child"];
export const reads: readonly Kind[] = ["head", "get", "get child", "head blob", "get blob"];
export const writes: readonly Kind[] = [
  "put",
  "put child",
  "mount",
  "refused mount",
  "open upload",
  "put blob",
];
