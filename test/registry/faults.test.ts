/** What comes and goes: outages, limits, broken connections. */
import { always, first, found, image, instead, playAll, tooMany } from "./faults.ts";

playAll("a registry that is in trouble", [
  {
    name: "429 with Retry-After in seconds",
    fault: first(tooMany("7")),
    gives: found,
    requests: 2,
    waits: [7000],
  },
  {
    name: "429 with Retry-After as a date",
    fault: first(tooMany("Fri, 01 May 2026 12:00:20 GMT")),
    gives: found,
    requests: 2,
    waits: [20_000],
  },
  {
    name: "429 without Retry-After",
    fault: first(tooMany()),
    gives: found,
    requests: 2,
    waits: [750],
  },
  {
    name: "429 that asks to wait an hour",
    fault: always(tooMany("3600")),
    fails: /get manifest .*: 429 TOOMANYREQUESTS: .* \(asks to wait 3600 s\)/,
    code: "REGISTRY_UNAVAILABLE",
    requests: 1,
    waits: [],
  },
  {
    name: "500, then 503, then 200",
    fault: (_, count) => (count < 2 ? instead({ status: count === 0 ? 500 : 503 }) : undefined),
    gives: found,
    requests: 3,
    waits: [750, 1500],
  },
  {
    name: "502 for ever",
    fault: always(instead({ status: 502, body: "<html>" })),
    fails: /get manifest [^ ]*: 502$/,
    code: "REGISTRY_UNAVAILABLE",
    requests: 5,
    waits: [750, 1500, 3000, 6000],
  },
  {
    name: "a connection reset before the answer",
    fault: first({ kind: "reset" }),
    gives: found,
    requests: 2,
  },
  {
    name: "connections reset for ever",
    fault: always({ kind: "reset" }),
    fails: /get manifest .*: (UND_ERR_SOCKET|ECONNRESET)$/,
    code: "REGISTRY_UNAVAILABLE",
    requests: 5,
  },
  {
    name: "a put whose answer is lost",
    fault: first({ kind: "reset", after: true }),
    run: ({ client, repository }) => client.put({ ...repository, tag: "two" }, image.manifest),
    gives: undefined,
    requests: 2,
  },
  { name: "a truncated body", fault: first({ kind: "truncated" }), gives: found, requests: 2 },
  {
    name: "a body that stalls",
    fault: first({ kind: "stalled" }),
    stalls: true,
    gives: found,
    requests: 2,
  },
]);
