/** Outages that the matrix does not tell apart: what is said of them, and how long they are waited for. */
import { always, found, instead, playAll, tooMany } from "./faults.ts";

playAll("a registry that is in trouble", [
  {
    name: "429 that asks to wait an hour",
    fault: always(tooMany("3600")),
    fails: /get manifest .*: 429 TOOMANYREQUESTS: .* \(asks to wait 3600 s\)/,
    hint: /log in .*dependency proxy/,
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
    name: "connections reset for ever",
    fault: always({ kind: "reset" }),
    fails: /get manifest .*: (UND_ERR_SOCKET|ECONNRESET)$/,
    code: "REGISTRY_UNAVAILABLE",
    requests: 5,
  },
]);
