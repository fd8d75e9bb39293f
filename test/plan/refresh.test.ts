import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RefreshSettings } from "../../src/config/config.ts";
import { refreshReasonOf } from "../../src/plan/decide.ts";
import { reasonOf } from "../../src/plan/decision.ts";
import { type Freshness, type ImageOrigin, originOf } from "../../src/plan/freshness.ts";
import type { RefreshReason } from "../../src/plan/plan.ts";
import { situationOf } from "../../src/plan/situation.ts";
import type { Variables } from "../support/job-variables.ts";
import { keyedImage, notAsked, someDigest } from "../support/keyed.ts";
import { branch, jobIn, mergeRequest, qemu, tag } from "./pipelines.ts";
import { seen } from "./sightings.ts";

const now = new Date("2026-11-20T12:00:00Z");
const debian = "docker.io/library/debian:13-slim";
const today = `sha256:${"1".repeat(64)}`;
const before = `sha256:${"2".repeat(64)}`;

const policy: RefreshSettings = { maxAge: 7, followBases: true, in: "protected" };
const schedules: RefreshSettings = { ...policy, in: "schedules" };
const noAge: RefreshSettings = { ...policy, maxAge: undefined };
const noBases: RefreshSettings = { ...policy, followBases: false };

const origin = (days: number, digest: string = today): ImageOrigin => ({
  created: new Date(now.getTime() - days * 24 * 60 * 60 * 1000).toISOString(),
  revision: "a".repeat(40),
  bases: [{ name: debian, digest }],
});
const fresh = origin(1);
const old = origin(7.5);
const moved = origin(1, before);

const master = jobIn("upstream", branch("master", true));
const weekly = jobIn("upstream", branch("master", true), { by: "schedule" });
const topic = jobIn("upstream", branch("topic"));
const forked = jobIn("fork", branch("master", true));
const request = jobIn("upstream", mergeRequest("fork"));

const forced = (names: string): Variables => ({ ...topic, QEMU_CI_FORCE_REBUILD: names });

type Code = RefreshReason["code"] | "no";

type Row = readonly [
  what: string,
  job: Variables,
  policy: RefreshSettings | undefined,
  known: ImageOrigin | undefined,
  expected?: Code,
];
const foreign = { ...fresh, bases: [{ name: "other.example/base:1", digest: before }] };
const rows: readonly Row[] = [
  ["all are forced", forced("1"), undefined, undefined, "forced"],
  ["it is forced by name", forced("fedora,debian"), undefined, fresh, "forced"],
  ["another is forced", forced("fedora"), undefined, old],
  ["it is forced on a machine", { QEMU_CI_FORCE_REBUILD: "debian" }, policy, fresh, "forced"],
  ["there is no policy", master, undefined, old],
  ["it is young and its base stands", master, policy, fresh],
  ["it is exactly at its age", master, policy, origin(7)],
  ["it is too old", master, policy, old, "max-age"],
  ["it is too old in a tag's pipeline", jobIn("upstream", tag("v1")), policy, old, "max-age"],
  ["it is too old, and only schedules count", master, schedules, old],
  ["it is too old in a schedule", weekly, schedules, old, "max-age"],
  ["age does not count", master, noAge, old],
  ["its base moved", master, policy, moved, "base-moved"],
  ["its base moved, whatever its age", master, noAge, moved, "base-moved"],
  ["it is old and its base moved", master, policy, origin(9, before), "max-age"],
  ["bases do not count", master, noBases, moved],
  ["its origin is not known", master, policy, undefined],
  ["it was made by a clock that goes ahead", master, policy, origin(-1)],
  ["it was made by a clock that goes far ahead", master, policy, origin(-8), "max-age"],
  ["it has no time", master, policy, { ...fresh, created: undefined }],
  ["its time is nonsense", master, policy, { ...fresh, created: "yesterday" }],
  ["it has no bases", master, policy, { ...fresh, bases: [] }],
  ["its base cannot be asked", master, policy, foreign],
  ["a fork is old", forked, policy, old],
  ["a fork's request is old", request, policy, old],
  ["an unprotected branch is old", topic, policy, old],
  ["a machine's is old", {}, policy, old],
];

describe("an image is refreshed where", () => {
  for (const [what, job, refresh, known, expected = "no"] of rows)
    test(`${what}: ${expected}`, () => {
      const facts: Freshness = {
        ...notAsked,
        now,
        origins: new Map(known === undefined ? [] : [["debian", known]]),
        bases: new Map([[debian, today]]),
      };
      const here = situationOf(job, qemu, undefined);
      const reason = refreshReasonOf(keyedImage("debian"), seen("own"), {
        situation: here,
        config: { refresh },
        fresh: facts,
      });
      assert.equal(reason?.code ?? "no", expected);
    });
});

describe("what an image says of its origin", () => {
  const read = (bases: string) => originOf({ "berth.bases": bases }).bases;

  test("is read from its annotations", () => {
    const annotations = {
      "org.opencontainers.image.created": "2026-11-20T12:00:00Z",
      "org.opencontainers.image.revision": "abc",
      "berth.bases": `${debian}@${today} quay.io/fedora:43@${before}`,
    };
    const { created, revision, bases } = originOf(annotations);
    assert.deepEqual([created, revision], ["2026-11-20T12:00:00Z", "abc"]);
    const [own, other, ...more] = bases.map(({ name, digest }) => `${name} ${digest}`);
    assert.deepEqual([own, other, more], [`${debian} ${today}`, `quay.io/fedora:43 ${before}`, []]);
  });

  test("may be nothing, or nonsense", () => {
    assert.deepEqual(originOf({}), { created: undefined, revision: undefined, bases: [] });
    for (const text of ["", " ", "debian", "@sha256:1"]) assert.deepEqual(read(text), []);
  });
});

describe("the reason of a refresh is said", () => {
  const [revision, target] = ["a".repeat(40), "b".repeat(40)];
  const merge = { code: "merge", because: "merge train" } as const;
  const lacks = "merge train: upstream does not have it, and";
  const moved = { base: debian, from: before, to: today };
  const reasons: readonly (readonly [because: RefreshReason, text: string])[] = [
    [{ code: "forced" }, "asked for by FORCE_REBUILD"],
    [
      { code: "max-age", created: "2026-11-01T12:00:00Z", days: 7 },
      "built 2026-11-01, older than 7 days",
    ],
    [{ code: "base-moved", ...moved }, `base ${debian} moved from 222222222222 to 111111111111`],
    [{ code: "parent", parent: "base" }, "its parent base is refreshed"],
    [{ ...merge, revision, target }, `${lacks} it was built at aaaaaaaaaaaa without bbbbbbbbbbbb`],
    [
      { ...merge, revision: null, target },
      `${lacks} it was built at an unknown commit without bbbbbbbbbbbb`,
    ],
    [{ ...merge, revision, target: null }, `${lacks} the target's head is not known here`],
  ];
  for (const [because, text] of reasons)
    test(text, () =>
      assert.equal(reasonOf({ kind: "refresh", because, from: `x@${someDigest}` }), text),
    );
});
