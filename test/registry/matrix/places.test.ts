/** Answers that send us elsewhere: redirects, upload addresses, token services. */
import { type Fault, refuse } from "../../support/memory-registry.ts";
import { fails, good, of, passes, reads, writes } from "./expect.ts";
import { playRows, type RequestRow, type Servers } from "./runner.ts";

const refused = fails("REGISTRY_REFUSED");

function sent(status: number, headers: Readonly<Record<string, string>>): Fault {
  return { kind: "answer", answer: () => ({ ...refuse(status, "ELSEWHERE"), headers }) };
}

const hostile = "http://169.254.169.254/latest/meta-data?token=abc";

const redirects = [302, 307].map(
  (status): RequestRow => ({
    name: `${status} to another origin`,
    like: status === 302 ? undefined : "302 to another origin",
    only: { kinds: [...reads, ...writes], because: "lists and deletions go no other way" },
    fault: ({ elsewhere }, { path }) =>
      sent(status, { location: `http://${elsewhere.host}${path}` }),
    // Reads go there without the login; what is written does not.
    expect: ({ kind }) => (writes.includes(kind) ? refused : good()),
  }),
);

const mounts = { kinds: ["mount"], because: "it is about mounts" } as const;

function mountSession(location: (servers: Servers, id: string) => string): RequestRow["fault"] {
  return (servers, { path }) => {
    const id = "given";
    const name = /^\/v2\/(.+)\/blobs/.exec(path)?.[1] ?? "";
    const place = location(servers, id);
    const server = place.includes(servers.elsewhere.host) ? servers.elsewhere : servers.registry;
    server.openUploads.set(id, { path: name, bytes: Buffer.of() });
    return sent(202, { location: place });
  };
}

const upload = "/v2/group/target/blobs/uploads";
const sessions: readonly RequestRow[] = [
  ...(
    [
      ["below the host", (_: Servers, id: string) => `${upload}/${id}?state=a%3Db`],
      [
        "with the address",
        ({ registry }: Servers, id: string) => `http://${registry.host}${upload}/${id}`,
      ],
      ["beside the request", (_: Servers, id: string) => `./${id}?_state=x`],
    ] as const
  ).map(
    ([name, location]): RequestRow => ({
      name: `202 to a mount, the upload ${name}`,
      only: mounts,
      fault: mountSession(location),
      // HEAD, GET, PUT.
      expect: of(good(3)),
    }),
  ),
  {
    name: "202 to a mount, the upload on another host",
    only: mounts,
    fault: mountSession(({ elsewhere }, id) => `http://${elsewhere.host}${upload}/${id}`),
    // HEAD, GET and the child, which is refused since its blob went elsewhere.
    expect: of(fails("REGISTRY_REFUSED", 3)),
  },
];

const challenges = [
  ["no service at all", ""],
  ["a service on another host", 'Bearer realm="https://tokens.example.com/token",service="x"'],
  ["a service in the cloud's own network", 'Bearer realm="http://169.254.169.254/token"'],
  ["a service over http", 'Bearer realm="http://tokens.example.com/token",service="x"'],
  ["a password instead", 'Basic realm="give it to me"'],
] as const;

const realms = challenges.map(
  ([name, challenge]): RequestRow => ({
    name: `401 in between, with ${name}`,
    like: challenge === "" ? undefined : "401 in between, with no service at all",
    fault: () => sent(401, challenge === "" ? {} : { "www-authenticate": challenge }),
    // A new token from the service that is known.
    expect: passes,
  }),
);

playRows("answers that send elsewhere", [
  ...redirects,
  {
    name: `a redirect to ${hostile}`,
    fault: () => sent(307, { location: hostile }),
    expect: of(refused),
  },
  ...sessions,
  {
    name: `an upload at ${hostile}`,
    only: { kinds: ["mount", "open upload"], because: "only these name an upload" },
    fault: () => sent(202, { location: hostile }),
    expect: of(refused),
  },
  {
    name: "an upload at no address",
    like: `an upload at ${hostile}`,
    only: { kinds: ["mount", "open upload"], because: "only these name an upload" },
    fault: () => sent(202, { location: "http://[" }),
    expect: of(refused),
  },
  ...realms,
  {
    name: "tokens that all end in between",
    fault: ({ tokens }) => {
      tokens.revokeAll();
      return undefined;
    },
    expect: (hit) => {
      const one = hit.kind === "put blob" ? 5 : 1;
      // At most those that are under way with the token that ended.
      const isAlone = hit.parallel === 1 && hit.operation.mounts === 201;
      return isAlone ? good(one) : good([one, 5 * 16]);
    },
  },
  {
    name: "an answer that repeats the login",
    fault: (_, request) => {
      const said = `you sent ${request.headers["authorization"]}`;
      return { kind: "answer", answer: () => refuse(400, "DENIED", said) };
    },
    expect: ({ kind }) => {
      if (kind === "mount") return good(4);
      if (kind === "refused mount") return good();
      return kind === "delete" ? fails("REGISTRY_REFUSED", [1, 24]) : refused;
    },
    not: { "12 deletions": "400 there means that the registry knows another way" },
  },
  {
    name: "a content type that repeats the login",
    only: { kinds: ["get", "get child"], because: "no other content type is told of" },
    fault: (_, request) => ({
      kind: "answer",
      answer: (real) => {
        const answer = real();
        const type = `x/${request.headers["authorization"]?.replace("Bearer ", "")}`;
        return { ...answer, headers: { ...answer.headers, "content-type": type } };
      },
    }),
    expect: of(fails("MANIFEST_INVALID")),
  },
  {
    name: "pages in a circle",
    only: { kinds: ["list"], because: "only lists have pages" },
    fault: (_, { path, query }) => ({
      kind: "answer",
      answer: (real) => ({ ...real(), headers: { link: `<${path}?${query}>; rel="next"` } }),
    }),
    expect: of(refused),
  },
  {
    name: "pages without end and without tags",
    only: { kinds: ["list"], because: "only lists have pages" },
    lasts: true,
    isFinal: true,
    fault: (_, { path, query }) => {
      const link = `<${path}?n=1&last=${Number(query.get("last")?.slice(0, 9)) || 0}${Math.random()}>`;
      const body = '{"name":"x","tags":[]}';
      const page = { status: 200, headers: { link: `${link}; rel=next` }, body };
      return { kind: "answer", answer: () => page };
    },
    expect: of(fails("REGISTRY_REFUSED", 9)),
  },
  {
    name: "a tag that is an address",
    only: { kinds: ["list"], because: "only lists name tags" },
    fault: () => ({
      kind: "answer",
      answer: (real) => ({ ...real(), body: '{"tags":["../../other/manifests/x"]}' }),
    }),
    expect: of(refused),
  },
]);
