/** Faults that pass, and outages that do not. */
import { type Answer, type Fault, refuse } from "../../support/memory-registry.ts";
import { bodies, fails, good, of, passes, passesInBody } from "./expect.ts";
import { playRows, type RequestRow } from "./runner.ts";

const instead = (answer: Answer) => (): Fault => ({ kind: "answer", answer: () => answer });

function status(code: number, retryAfter?: string): RequestRow["fault"] {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return instead({ ...refuse(code, "UNAVAILABLE"), headers });
}

const passing: readonly RequestRow[] = [
  {
    name: "503 once",
    fault: status(503),
    expect: passes,
    // The middle of the range that is spread at random.
    waits: 750,
  },
  {
    name: "429 with Retry-After: 7",
    like: "503 once",
    fault: status(429, "7"),
    expect: passes,
    waits: 7000,
  },
];

const puts = {
  kinds: ["put", "put child"],
  because: "only they name a digest that is known",
} as const;

const doubted: readonly RequestRow[] = [
  {
    name: "a digest that is doubted while another writes the tag",
    only: puts,
    fault: instead(refuse(400, "DIGEST_INVALID")),
    expect: of(good(1)),
    waits: 750,
  },
  {
    name: "a digest that is doubted for ever",
    only: puts,
    fault: instead(refuse(400, "DIGEST_INVALID")),
    lasts: true,
    isFinal: true,
    expect: of(fails("REGISTRY_REFUSED", 2)),
  },
];

const ownAddress = "an upload has another address each time that it is begun";

const lasting = (
  [
    ["503 for ever", status(503), 4],
    ["a connection that is reset for ever", (): Fault => ({ kind: "reset" }), 4],
    ["429 that asks to wait an hour", status(429, "3600"), 0],
  ] as const
).map(
  ([name, fault, more]): RequestRow => ({
    name,
    fault,
    like: name === "a connection that is reset for ever" ? "503 for ever" : undefined,
    lasts: true,
    isFinal: true,
    not: { "a copy by streams": ownAddress },
    expect: of(fails("REGISTRY_UNAVAILABLE", more)),
  }),
);

const hasBody = { kinds: bodies, because: "the answers to others have no body" };

playRows("outages", [
  ...passing,
  ...lasting,
  ...doubted,
  { name: "a reset before the answer", fault: () => ({ kind: "reset" }), expect: passes },
  {
    name: "a connection that is reset when the request has taken effect",
    fault: () => ({ kind: "reset", after: true }),
    expect: of(good(1), {
      // Given back in vain, and then found.
      "put blob": good(2),
      "open upload": { ...good(1), leaves: 1 },
    }),
  },
  {
    name: "a connection that is reset in the body",
    only: hasBody,
    fault: () => ({ kind: "truncated" }),
    expect: passesInBody,
  },
]);

playRows("stalls", [
  { name: "a silent server", held: "silent", fault: () => ({ kind: "silent" }), expect: passes },
  {
    name: "a body that stops in its middle",
    held: "stalled",
    only: hasBody,
    fault: () => ({ kind: "stalled" }),
    expect: passesInBody,
  },
]);
