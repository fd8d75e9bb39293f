/** Plays faults of registries and of what stands before them: result, request count, and no secret told. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { BerthError } from "../../src/errors.ts";
import type { Reference, Repository } from "../../src/oci/reference.ts";
import type { RegistryOptions } from "../../src/registry/client.ts";
import type { Registry } from "../../src/registry/registry.ts";
import {
  type Answer,
  type Fault,
  type MemoryRegistry,
  type MemoryRegistryOptions,
  refuse,
  type SeenRequest,
  startMemoryRegistry,
} from "../support/memory-registry.ts";
import type { TokenService, TokenServiceOptions } from "../support/token-service.ts";
import {
  assertSilent,
  basicAuthority,
  client,
  type FakeClock,
  fakeClock,
  goodLogin,
  seed,
  startScene,
  testImage,
} from "./clients.ts";

const image = testImage("faults");
const other = testImage("other");

interface Scene {
  readonly registry: MemoryRegistry;
  /** A second server: what arrives there must not carry a login. */
  readonly elsewhere: MemoryRegistry;
  readonly tokens: TokenService;
  readonly client: Registry;
  readonly clock: FakeClock;
  readonly reference: Reference;
  readonly repository: Repository;
}

interface Case {
  readonly name: string;
  /** What happens to the so-many-th request, counted from 0 after the probe for a login. */
  readonly fault?: (request: SeenRequest, count: number, elsewhere: string) => Fault | undefined;
  readonly registry?: MemoryRegistryOptions;
  /** Logins are passwords where it is not given. */
  readonly tokens?: TokenServiceOptions;
  readonly client?: Partial<RegistryOptions>;
  readonly run?: (scene: Scene) => Promise<unknown>;
  /** What `run` gives, or what the error is like. */
  readonly gives?: unknown;
  readonly fails?: RegExp;
  readonly hint?: RegExp;
  /** REGISTRY_DENIED where it is not given. */
  readonly code?: BerthError["code"];
  /** Requests to the registry, the probe not counted; one where it is not given. */
  readonly requests?: number;
  readonly waits?: readonly number[];
  readonly check?: (scene: Scene) => void;
}

const reply = (answer: Partial<Answer>): Fault => ({
  kind: "answer",
  answer: (real) => ({ ...real(), ...answer }),
});
const instead = (answer: Answer): Fault => ({ kind: "answer", answer: () => answer });
const always = (fault: Fault) => () => fault;
const get = ({ client, reference }: Scene) =>
  client.get(reference).then((found) => found?.descriptor);
const list = async ({ client, repository }: Scene) =>
  (await Array.fromAsync(client.tags(repository))).flat();
const putTwo = ({ client, repository }: Scene) =>
  client.put({ ...repository, tag: "two" }, image.manifest);
const found = image.manifest.descriptor;
const header = (name: string, value: string): Fault => ({
  kind: "answer",
  answer: (real) => {
    const answer = real();
    return { ...answer, headers: { ...answer.headers, [name]: value } };
  },
});

async function play(row: Case): Promise<void> {
  const elsewhere = await startMemoryRegistry();
  const requests: SeenRequest[] = [];
  const fault = (request: SeenRequest) => {
    // The request that finds out how to log in goes through.
    if (request.headers["authorization"] === undefined && requests.length === 0) return undefined;
    requests.push(request);
    return row.fault?.(request, requests.length - 1, elsewhere.host);
  };
  const passwords = { authority: basicAuthority(goodLogin) };
  const { tokens, registry, at, stop } = await startScene(
    { ...(row.tokens === undefined && passwords), ...row.registry, fault },
    row.tokens,
  );
  for (const server of [registry, elsewhere]) seed(server, "group/image", image, "one");
  const clock = fakeClock();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const opened = client(goodLogin, { clock, log, ...row.client });
  const repository = at("group/image");
  const reference = { ...repository, tag: "one" };
  const scene = { registry, elsewhere, tokens, client: opened, clock, reference, repository };
  try {
    const result = await (row.run ?? get)(scene).catch((error: unknown) => error);
    checkResult(row, result);
    assertSilent([result, lines], { tokens: [...tokens.tokens, "wrong-pass"] }, elsewhere);
    assert.equal(requests.length, row.requests ?? 1, registry.log.join("\n"));
    if (row.waits !== undefined) assert.deepEqual(clock.waits, row.waits);
    row.check?.(scene);
  } finally {
    await Promise.all([stop(), elsewhere.stop()]);
  }
}

function checkResult(
  { fails, hint = /./, code = "REGISTRY_DENIED", gives }: Case,
  result: unknown,
): void {
  if (fails === undefined) {
    assert.deepEqual(result, gives);
    return;
  }
  assert.ok(result instanceof BerthError, inspect(result));
  assert.match(result.message, fails);
  assert.equal(result.code, code);
  assert.match(result.hint ?? "", hint);
}

/** Plays a table of cases, each a test of its own. */
function playAll(name: string, cases: readonly Case[]): void {
  suite(name, () => {
    for (const row of cases) test(row.name, () => play(row));
  });
}

playAll("a registry that answers wrongly", [
  {
    name: "a digest header that is none",
    fault: always(header("docker-content-digest", "sha256:../../x")),
    fails: /names no sha256 digest/,
    code: "MANIFEST_INVALID",
  },
  {
    name: "another manifest than the digest that was asked for",
    fault: always({
      kind: "answer",
      answer: () => ({
        status: 200,
        headers: { "content-type": other.manifest.descriptor.mediaType },
        body: Buffer.from(other.manifest.bytes),
      }),
    }),
    run: ({ client, repository }) => client.get({ ...repository, digest: found.digest }),
    fails: /get manifest .*@sha256:\w+: the bytes have sha256:/,
    code: "MANIFEST_INVALID",
  },
  {
    name: "a content type that disagrees with the manifest",
    fault: always(header("content-type", "application/vnd.oci.image.index.v1+json")),
    fails: /read manifest .*: it calls itself/,
    code: "MANIFEST_INVALID",
  },
  ...(
    [
      ["no digest", {}],
      ["no length", { "content-length": "0" }],
      ["a type that is no manifest's", { "content-type": "application/json" }],
    ] as const
  ).map(
    ([what, headers]): Case => ({
      name: `HEAD with ${what}, so that the manifest is got`,
      fault: ({ method, path }) =>
        method === "HEAD" && path.includes("/manifests/")
          ? {
              kind: "answer",
              answer: (real) => ({
                status: 200,
                headers: what === "no digest" ? {} : { ...real().headers, ...headers },
              }),
            }
          : undefined,
      run: ({ client, reference }) => client.head(reference),
      gives: found,
      requests: 2,
    }),
  ),
  {
    name: "a next page on another host",
    fault: always(header("link", '<http://example.com/v2/x/tags/list>; rel="next"')),
    run: list,
    fails: /list tags of .*: its next page is elsewhere/,
    code: "REGISTRY_REFUSED",
  },
  {
    name: "a next page whose path begins as an address",
    fault: ({ headers }, count, elsewhere) => {
      const link = `<http://${headers["host"]}//${elsewhere}/v2/group/image/tags/list>; rel="next"`;
      return count === 0 ? header("link", link) : undefined;
    },
    run: list,
    fails: /list tags of .*: 404/,
    code: "REGISTRY_REFUSED",
    requests: 2,
    check: ({ elsewhere }) => assert.deepEqual(elsewhere.log, []),
  },
  {
    name: "tags that are null",
    fault: always(reply({ body: '{"name":"x","tags":null}' })),
    run: list,
    gives: [],
  },
  {
    name: "tags that are something else",
    fault: always(reply({ body: '{"tags":[1]}' })),
    run: list,
    fails: /the answer is no list of tags/,
    code: "REGISTRY_REFUSED",
  },
]);

playAll("a registry that is particular about logins", [
  {
    name: "a token that ends within the run",
    tokens: { lifetimeSeconds: 60 },
    run: async (scene) => {
      const seen = [await get(scene)];
      scene.clock.pass(55_000);
      seen.push(await get(scene));
      return seen;
    },
    gives: [found, found],
    requests: 2,
    check: ({ tokens }) => assert.equal(tokens.asked.length, 2),
  },
  {
    name: "a token that is over as soon as it is made, told apart from a right that is missing",
    tokens: {},
    fault: always(
      instead({
        ...refuse(401, "UNAUTHORIZED"),
        headers: {
          "www-authenticate": 'Bearer realm="https://tokens.example.com/",error="invalid_token"',
          date: "Fri, 01 May 2026 13:00:00 GMT",
        },
      }),
    ),
    run: putTwo,
    fails: /put manifest .*: 401 UNAUTHORIZED: .*: a token that was just made is not taken$/,
    hint: /clock, which says 2026-05-01T13:00:00.000Z, .* may differ/,
    requests: 2,
  },
  {
    name: "a tag that is protected, which another token does not change",
    tokens: {},
    fault: always(instead(refuse(401, "PROTECTED_TAG", "cannot push, protected"))),
    run: putTwo,
    fails: /put manifest .*:two: 401 PROTECTED_TAG: cannot push, protected$/,
    check: ({ tokens }) => assert.equal(tokens.asked.length, 1),
  },
  {
    name: "a scope that is dropped without a word",
    tokens: { may: (user, _, action) => user !== undefined && action === "pull" },
    run: putTwo,
    fails: /put manifest .*: the token service does not grant push on group\/image/,
    requests: 0,
  },
  {
    name: "a login that is refused",
    client: { credentials: { forHost: async () => ({ username: "x", password: "wrong-pass" }) } },
    run: async (scene) => {
      await assert.rejects(putTwo(scene), /put manifest .*: 401 UNAUTHORIZED/);
      await putTwo(scene);
    },
    fails: /put manifest .*: 401 \(the login was refused\)/,
  },
  ...(
    [
      ["https://tokens.example.com/token", /token service tokens\.example\.com, .* its login$/],
      ["https://169.254.169.254/token", /not trusted with any request \(the link-local address/],
      ["http://tokens.example.com/token", /not trusted with any request \(plain http\)/],
    ] as const
  ).map(
    ([realm, fails]): Case => ({
      name: `a registry that names the token service ${realm}`,
      registry: { authority: { challenge: () => `Bearer realm="${realm}",service="x"` } },
      fails,
      requests: 0,
    }),
  ),
]);

playAll("a registry that sends us elsewhere or takes half", [
  {
    name: "a mount that only leaves an upload, which is given back where the blob is there",
    registry: { mounts: 202 },
    run: async ({ client, reference, repository }) => {
      const to = { ...repository, path: "group/copy" };
      const copy = async () => (await client.copy(reference, to, ["one"])).streamedBytes > 0;
      return [await copy(), await copy()];
    },
    gives: [true, false],
    // GET; for each of 3 blobs: mount, HEAD, GET, PUT; PUT. Then mount, HEAD and DELETE for each.
    requests: 2 + 3 * 4 + 2 + 3 * 3,
    check: ({ registry }) => assert.equal(registry.openUploads.size, 0),
  },
  {
    name: "a mount that leaves an upload, and a registry that then says no",
    registry: { mounts: 202 },
    fault: ({ method, path }) =>
      method === "HEAD" && path.includes("/blobs/") ? instead(refuse(403, "DENIED")) : undefined,
    run: ({ client, reference, repository }) =>
      client.copy(reference, { ...repository, path: "group/copy" }, ["one"]),
    fails: /head blob .*: 403$/,
    // GET; for each of 3 blobs: mount, HEAD, and the upload given back.
    requests: 9 + 1,
    check: ({ registry }) => assert.equal(registry.openUploads.size, 0),
  },
]);
