import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import { printOutcomes, printPlan, printTable, shortReference } from "../../src/output/print.ts";
import { plannedImage, planWith, someDigest } from "../support/keyed.ts";

const debian = `r.example/debian@${someDigest}`;
const broken = { code: "broken", reference: "r.example/fedora:key-2", missing: "config" } as const;
const images = [
  plannedImage(
    "debian",
    { kind: "reuse", reference: debian, digest: someDigest, foundBy: "set-record" },
    { reference: debian },
  ),
  plannedImage("fedora", { kind: "build", because: broken }, { reference: broken.reference }),
];
const plan = planWith(images);

test("the plan says for every image what is decided and why", () => {
  const lines = printPlan(plan).split("\n");
  assert.match(
    lines[1] ?? "",
    /^debian {2}reuse +in the set record +r\.example\/debian@sha256:[0-9a-f]{12}…$/,
  );
  assert.match(
    lines[2] ?? "",
    /^fedora {2}build +r\.example\/fedora:key-2 has lost its config +r\.example\/fedora:key-2$/,
  );
  assert.deepEqual(lines.slice(4), [
    `set ${"5".repeat(12)}: not on record; 1 reuse, 0 copy, 1 build`,
    "",
  ]);
});

test("the plan says which files are not as committed", () => {
  const text = printPlan({ ...plan, dirty: ["a", "b", "c", "d", "e"] });
  assert.match(text, /not as committed: a, b, c and 2 more; nothing of this is published/);
});

test("outcomes show decision, result, reason, time, size and reference, and nothing where there is none", () => {
  const blob = { digest: someDigest, size: 1_250_000 };
  const outcome: Outcome = {
    name: "debian",
    key: "1",
    decision: "reuse",
    result: "reused",
    reference: `r.example/debian@${someDigest}`,
    digest: someDigest,
    optional: false,
    seconds: 61.24,
    streamedBytes: 0,
    blobs: [blob, blob],
    error: null,
  };
  const { blobs: _, ...unweighed } = outcome;
  const skipped = { ...unweighed, name: "fedora", decision: "build", result: "skipped" } as const;
  const text = printOutcomes(
    [outcome, { ...skipped, reference: null, digest: null, seconds: undefined }],
    images,
  );
  const lines = text.split("\n");
  assert.match(lines[0] ?? "", /^IMAGE +DECISION +RESULT +BECAUSE +TIME +SIZE +REFERENCE$/);
  assert.match(
    lines[1] ?? "",
    /^debian {2}reuse +reused +in the set record +61\.2 s {2}1\.3 MB {2}r\.example/,
  );
  assert.match(lines[2] ?? "", /^fedora {2}build +skipped +r\.example\S+ has lost its config +-$/);
});

test("columns are as wide as their widest cell", () => {
  assert.equal(
    printTable(
      ["A", "LONG"],
      [
        ["abc", "x"],
        ["", "y"],
      ],
    ),
    "A    LONG\nabc  x\n     y\n",
  );
  assert.equal(
    printTable(["A", "SIZE", "B"], [["a", "1", "b"]], ["SIZE"]),
    "A  SIZE  B\na     1  b\n",
  );
  assert.equal(shortReference(null), "-");
});
