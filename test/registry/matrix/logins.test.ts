/** Faults of the token service, and rights that are missing. */
import { type Answer, type Fault, refuse } from "../../support/memory-registry.ts";
import { good } from "./expect.ts";
import { playRows, type TokenRow } from "./runner.ts";

const instead = (answer: Answer): Fault => ({ kind: "answer", answer: () => answer });

const passing: readonly (readonly [string, Fault])[] = [
  ["503 once", instead(refuse(503, "UNAVAILABLE"))],
  ["a connection that is reset before the answer", { kind: "reset" }],
  ["a connection that is reset after the token was made", { kind: "reset", after: true }],
  ["a connection that is reset in the body", { kind: "truncated" }],
];

const useless: readonly (readonly [string, Fault])[] = [
  [
    "a web page",
    instead({ status: 200, headers: { "content-type": "text/html" }, body: "<html>" }),
  ],
  ["no token in the answer", instead({ status: 200, body: "{}" })],
  ["a token with a line break", instead({ status: 200, body: '{"token":"a\\r\\nx: y"}' })],
  ["half of the answer", { kind: "halved" }],
  ["two megabytes", instead({ status: 200, body: Buffer.alloc(2 * 1024 * 1024, " ") })],
  ["404", instead(refuse(404, "NOT_FOUND"))],
  [
    "a redirect to a cloud's metadata service",
    instead({ status: 307, headers: { location: "http://169.254.169.254/token" } }),
  ],
];

/** The first of the faults is played with both bounds on parallel requests. */
function rows(
  faults: readonly (readonly [string, Fault])[],
  expect: TokenRow["expect"],
): readonly TokenRow[] {
  return faults.map(([name, fault], index) => {
    const like = index === 0 ? undefined : faults[0]?.[0];
    return { at: "token", name, like, fault, expect, tokens: 2 };
  });
}

playRows("faults of the token service", [
  ...rows(passing, good()),
  // What was hinted is dropped, and the registry is asked itself.
  ...rows(useless, good(1)),
  ...(["silent", "stalled"] as const).map(
    (kind): TokenRow => ({
      at: "token",
      name:
        kind === "silent"
          ? "a token service that says nothing"
          : "a token that stops in its middle",
      held: kind,
      fault: { kind },
      expect: good(),
      tokens: 2,
    }),
  ),
]);

const oneItem = {
  "a copy of an index by mounts": "one copy has one target",
  "a copy by streams": "one copy has one target",
  "12 pages of tags": "one list has one repository",
};
const noReads = { ...oneItem, "12 heads": "it only reads", "12 gets": "it only reads" };

/** The user has all rights but one. */
const without = (action: string) => (path: string) => ({
  may: (user: string | undefined, at: string, what: string) =>
    user !== undefined && !(at === path && what === action),
});

playRows("rights that are missing", [
  {
    at: "scope",
    name: "the right to read one is dropped without a word",
    not: { ...oneItem, "12 retags": "see the right to write", "12 deletions": "it only deletes" },
    options: without("pull"),
    saved: 1,
    isFinal: true,
  },
  {
    at: "scope",
    name: "the right to write one is dropped without a word",
    not: { ...noReads, "12 deletions": "see the right to delete" },
    options: without("push"),
    saved: 1,
    isFinal: true,
  },
  {
    at: "scope",
    name: "the right to delete in one is dropped without a word",
    not: { ...noReads, "12 retags": "they delete nothing" },
    options: without("delete"),
    saved: 1,
    isFinal: true,
  },
  {
    at: "scope",
    name: "403 to all for one that is protected",
    not: { ...noReads, "12 deletions": "protection is of pushes" },
    options: (path) => ({ protectedPaths: [path] }),
    saved: 1,
    isFinal: true,
  },
]);
