import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import { printOutcomes, printPlan } from "../../src/output/print.ts";
import { plannedImage, planWith, someDigest } from "../support/keyed.ts";
import { screen } from "../support/screen.ts";

const wide = { screen: screen() };

const debian = `r.example/debian@${someDigest}`;
const broken = { code: "broken", reference: "r.example/fedora:key-2", missing: "config" } as const;
const reuse = { reference: debian, digest: someDigest, foundBy: "set-record" } as const;
const images = [
  plannedImage("debian", { kind: "reuse", ...reuse }, { reference: debian }),
  plannedImage("fedora", { kind: "build", because: broken }, { reference: broken.reference }),
];
const plan = planWith(images);

test("the plan says for every image what is decided and why", () => {
  const lines = printPlan(plan, wide).split("\n");
  const [, first = "", second = "", ...rest] = lines;
  assert.match(
    first,
    /^debian {2}reuse +in the set record +r\.example\/debian@sha256:[0-9a-f]{64}$/,
  );
  assert.match(
    second,
    /^fedora {2}build +r\.example\/fedora:key-2 has lost its config +r\.example\/fedora:key-2$/,
  );
  const set = `set ${"5".repeat(12)}: not on record; 1 reuse, 0 copy, 1 build`;
  assert.deepEqual(rest.slice(1), [set, ""]);
});

test("the plan tells a person what to do next", () => {
  const blind = { kind: "build", because: { code: "no-registry" } } as const;
  const rows: readonly [planned: typeof images, next: RegExp][] = [
    [
      images,
      /\nnext: a pipeline builds .*`berth explain fedora` .*`berth run --local fedora` .*\n$/,
    ],
    [images.slice(0, 1), /\nnext: nothing is to be built\n$/],
    [
      [plannedImage("debian", { kind: "refresh", because: { code: "forced" }, from: debian })],
      /; 0 reuse, 0 copy, 1 build\nnext: a pipeline builds .*`berth explain debian` .*\n$/,
    ],
    [
      [plannedImage("debian", blind)],
      /\nnext: say where images are, with --registry HOST\/PATH .*\n$/,
    ],
  ];
  for (const [planned, next] of rows)
    assert.match(printPlan(planWith(planned), { ...wide, next: true }), next);
});

test("the plan says which files are not as committed", () => {
  const text = printPlan({ ...plan, dirty: ["a", "b", "c", "d", "e"] }, wide);
  assert.match(text, /not as committed: a, b, c and 2 more; nothing of this is published/);
  const few = printPlan({ ...plan, dirty: ["a", "b", "c"] }, wide);
  assert.match(few, /not as committed: a, b, c; nothing/);
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
    blobs: [blob, blob],
    error: null,
  };
  const { blobs: _, ...unweighed } = outcome;
  const skipped = { ...unweighed, name: "fedora", decision: "build", result: "skipped" } as const;
  const none = { reference: null, digest: null, seconds: undefined };
  const text = printOutcomes([outcome, { ...skipped, ...none }], images, wide);
  const lines = text.split("\n");
  assert.match(lines[0] ?? "", /^IMAGE +DECISION +RESULT +BECAUSE +TIME +SIZE +REFERENCE$/);
  assert.match(
    lines[1] ?? "",
    /^debian {2}reuse +reused +in the set record +61\.2 s {2}1\.3 MB {2}r\.example/,
  );
  assert.match(lines[2] ?? "", /^fedora {2}build +skipped +r\.example\S+ has lost its config +-$/);
});

describe("references in a terminal", () => {
  const base = "registry.example.com/group/project/qemu/";
  const reference = (name: string) => `${base}${name}@${someDigest}`;
  const referenced = images.map((image) => ({ ...image, reference: reference(image.name) }));
  const record = `registry.example.com/group/project/berth:set2-${"5".repeat(64)}`;
  const long = { ...planWith(referenced), set: { ...plan.set, record } };
  const at = (width?: number, references = false) =>
    printPlan(long, { screen: screen(width), references });

  test("are whole, what they have in common once above, where all of it fits", () => {
    const lines = at(180).split("\n");
    assert.equal(lines[0], `references below ${base}`);
    assert.match(lines[1] ?? "", /^IMAGE +DECISION +BECAUSE +REFERENCE$/);
    assert.ok(lines[2]?.endsWith(`  debian@${someDigest}`));
    assert.match(lines[5] ?? "", /^set 5{12}: on record at registry\.\S+:set2-5{64}; 1 reuse/);
  });

  test("are left out where they do not fit, as is the record's", () => {
    const text = at(80);
    assert.match(text, /^IMAGE +DECISION +BECAUSE\n/);
    assert.match(text, /^set 5{12}: on record; 1 reuse, 0 copy, 1 build$/m);
    assert.ok(text.split("\n").every((line) => line.length <= 80));
  });

  test("are listed whole where they are asked for", () => {
    assert.match(at(80, true), new RegExp(`\n\ndebian\n  ${base}debian@${someDigest}\nfedora\n`));
    for (const text of [at(80, true), at()]) assert.match(text, /: on record at registry\.\S+;/);
  });

  test("have nothing above them where they have nothing in common", () => {
    const lines = printPlan(plan, { screen: screen(200) }).split("\n");
    assert.equal(lines[0], "references below r.example/");
    const apart = planWith([images[0]!, { ...images[1]!, reference: "s.example/fedora:key-2" }]);
    assert.match(printPlan(apart, { screen: screen(200) }), /^IMAGE .* REFERENCE\n/);
  });
});
