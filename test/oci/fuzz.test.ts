/** Whatever a registry or a person writes: refused with a BerthError, or read as something valid. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import { digestOf, parseDigest } from "../../src/oci/digest.ts";
import {
  type Descriptor,
  type Manifest,
  makeImageManifest,
  mediaTypes,
  parseManifest,
} from "../../src/oci/manifest.ts";
import {
  isHost,
  isRepositoryPath,
  isTag,
  parseReference,
  parseRepository,
  printReference,
  withTag,
} from "../../src/oci/reference.ts";

/** What a reader gives; `undefined` where it refuses as it should. */
function attempt<T>(read: () => T, code: ErrorCode): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === code, String(error));
    assert.match(error.message, /^[a-z].*$/s);
    return undefined;
  }
}

/** Texts that look like references, with one thing or another wrong. */
const pieces = fc.constantFrom(
  ..."a A 9 . .. - _ __ / // : @ [ ] %2f \\ ? #".split(" "),
  ...[" ", "\n", "\0", "é", "localhost", "r.example", ":5000", "sha256:", "f".repeat(64), "latest"],
);
const spoiled = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join("")),
);

test("a reference is refused or is of valid parts, prints back and stays in its place", () =>
  fc.assert(
    fc.property(spoiled, (text) => {
      const reference = attempt(() => parseReference(text), "REFERENCE_INVALID");
      if (reference === undefined) return;
      const { host, path, tag, digest } = reference;
      assert.ok(isHost(host) && isRepositoryPath(path));
      assert.ok(tag === undefined || isTag(tag));
      assert.ok(digest === undefined || parseDigest(digest) === digest);
      assert.ok(tag !== undefined || digest !== undefined);
      const again = parseReference(printReference(reference));
      assert.equal(printReference(again), printReference(reference));
      const url = new URL(`/v2/${path}/manifests/${digest ?? tag}`, "https://r.example");
      assert.equal(url.pathname, `/v2/${path}/manifests/${digest ?? tag}`);
    }),
    { numRuns: 1000 },
  ));

test("a repository is refused or is of valid parts", () =>
  fc.assert(
    fc.property(spoiled, (text) => {
      const repository = attempt(() => parseRepository(text), "REFERENCE_INVALID");
      assert.ok(repository === undefined || `${repository.host}/${repository.path}` === text);
    }),
    { numRuns: 1000 },
  ));

test("a tag is taken or refused, and what is taken needs no escape anywhere", () =>
  fc.assert(
    fc.property(spoiled, (text) => {
      const there = { host: "r.example", path: "a" };
      const made = attempt(() => withTag(there, text), "REFERENCE_INVALID");
      assert.equal(made !== undefined, /^\w[\w.-]{0,127}$/.test(text) && !/\n/.test(text));
      if (made !== undefined) assert.deepEqual(parseReference(printReference(made)), made);
    }),
    { numRuns: 1000 },
  ));

test("a digest is 64 lower-case hex digits of sha256 or none", () => {
  const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEFg \n"), maxLength: 66 });
  const near = fc.tuple(fc.constantFrom("sha256:", "sha512:", "SHA256:", ""), hex);
  fc.assert(
    fc.property(
      fc.oneof(
        spoiled,
        near.map(([kind, rest]) => kind + rest),
      ),
      (text) => {
        const parsed = parseDigest(text);
        const isValid =
          text.length === 71 && /^sha256:[0-9a-f]+$/.test(text) && !text.includes("\n");
        assert.equal(parsed, isValid ? text : undefined);
      },
    ),
    { numRuns: 1000 },
  );
});

const digest = fc.string().map((text) => digestOf(text));
const descriptor: fc.Arbitrary<Descriptor> = fc.record(
  {
    mediaType: fc.constantFrom(...Object.values(mediaTypes), "application/x"),
    digest,
    size: fc.nat(),
  },
  { noNullPrototype: true },
);
const annotations = fc.dictionary(fc.string({ maxLength: 12 }), fc.string(), {
  noNullPrototype: true,
});

test("a manifest that is made is read back, whatever its annotations say", () =>
  fc.assert(
    fc.property(descriptor, fc.array(descriptor, { maxLength: 4 }), annotations, (...parts) => {
      const made = makeImageManifest(...parts);
      assert.deepEqual(parseManifest(made.bytes, made.descriptor.mediaType, "x"), made);
    }),
  ));

const types = fc.oneof(
  fc.constantFrom(...Object.values(mediaTypes)),
  fc.string({ unit: "binary", maxLength: 20 }),
);
/** Documents near to a manifest: valid members, broken ones, and any JSON. */
const broken = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  descriptor,
  fc.array(fc.oneof(descriptor, fc.jsonValue({ maxDepth: 1 })), { maxLength: 3 }),
  fc.record({ mediaType: types, digest: fc.oneof(digest, spoiled), size: fc.double() }),
);
const members = ["mediaType", "config", "layers", "manifests", "annotations", "schemaVersion"];
const document = fc.dictionary(fc.constantFrom(...members, "__proto__"), fc.oneof(types, broken), {
  noNullPrototype: false,
});

function checkValid({ descriptor, bytes, content }: Manifest): void {
  assert.equal(descriptor.digest, digestOf(bytes));
  assert.equal(descriptor.size, bytes.length);
  const named = content.kind === "image" ? [content.config, ...content.layers] : content.manifests;
  for (const { mediaType, digest: name, size } of named) {
    assert.equal(typeof mediaType, "string");
    assert.equal(parseDigest(name), name);
    assert.ok(Number.isSafeInteger(size) && size >= 0);
  }
  assert.ok(Object.values(content.annotations).every((value) => typeof value === "string"));
}

test("any document is refused, or read as a manifest of valid descriptors", () =>
  fc.assert(
    fc.property(document, types, (value, type) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const read = attempt(() => parseManifest(bytes, type, "x"), "MANIFEST_INVALID");
      if (read !== undefined) checkValid(read);
    }),
    { numRuns: 1000 },
  ));

test("any change to the bytes of a manifest is refused or read as something valid", () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      descriptor,
      fc.array(descriptor, { maxLength: 2 }),
      flips,
      (config, layers, all) => {
        const bytes = Buffer.from(makeImageManifest(config, layers, { a: "b" }).bytes);
        for (const [at, byte] of all) bytes[at % bytes.length] = byte;
        const parse = () => parseManifest(bytes, mediaTypes.ociManifest, "x");
        const read = attempt(parse, "MANIFEST_INVALID");
        if (read !== undefined) checkValid(read);
      },
    ),
    { numRuns: 500 },
  );
});

test("nesting without end is refused and not followed", () => {
  for (const open of ["[", '{"layers":', '{"config":{"a":']) {
    const bytes = Buffer.from(open.repeat(100_000));
    const parse = () => parseManifest(bytes, mediaTypes.ociManifest, "x");
    assert.equal(attempt(parse, "MANIFEST_INVALID"), undefined);
  }
});
