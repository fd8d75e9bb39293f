import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf, parseOutcome, secondsAnnotation } from "../../src/build/outcome.ts";
import { BerthError } from "../../src/errors.ts";
import { makeImageManifest } from "../../src/oci/manifest.ts";
import { testImage, testIndex } from "../registry/clients.ts";
import { blobs, failure, outcomeOf, planned } from "../report/samples.ts";

test("an outcome is read back as it was written", () => {
  const image = planned("debian", "build");
  const error = failure("BUILD_FAILED", "it failed", null);
  for (const outcome of [
    outcomeOf(image, "built", 4.5, { blobs: blobs(["a", 1], ["b", 2]), buildSeconds: 4 }),
    outcomeOf(image, "failed", undefined, { error, digest: null, reference: null }),
  ])
    assert.deepEqual(parseOutcome(JSON.stringify(outcome), "file"), outcome);
});

test("a damaged outcome is refused, and the file named", () => {
  const good = outcomeOf(planned("debian", "build"), "built", 1);
  const changes = [{ result: "burnt" }, { seconds: -1 }];
  const sizes = [{ blobs: [{ digest: "sha256:0", size: 1 }] }, { blobs: [{ digest: 7, size: 1 }] }];
  const changed = [...changes, ...sizes].map((change) => JSON.stringify({ ...good, ...change }));
  for (const text of ["", "{", "null", ...changed])
    assert.throws(
      () => parseOutcome(text, "outcome/debian.json"),
      (error: unknown) =>
        error instanceof BerthError &&
        error.code === "PLAN_INVALID" &&
        error.message.startsWith("read outcome/debian.json: "),
      text,
    );
});

test("a manifest says what an image weighs, and how long its build took", () => {
  const { manifest } = testImage("debian");
  const { content } = manifest;
  assert.ok(content.kind === "image");
  const [config, ...layers] = factsOf(manifest).blobs ?? [];
  assert.deepEqual(config, { digest: content.config.digest, size: content.config.size });
  assert.equal(layers.length, content.layers.length);
  const timed = (seconds: string) =>
    factsOf(makeImageManifest(content.config, content.layers, { [secondsAnnotation]: seconds }))
      .buildSeconds;
  assert.equal(timed("61.5"), 61.5);
  for (const odd of ["", "-1", "1e9", "soon", "99999999", "1.2345"])
    assert.equal(timed(odd), undefined, odd);
  assert.deepEqual(factsOf(undefined), {});
  assert.deepEqual(factsOf(testIndex([testImage("a")])), {});
});
