/** Whatever a server or a file says: no crash, no value that is not valid, no secret told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BerthError } from "../../src/errors.ts";
import { realmTrust, refuseHop } from "../../src/http/origin.ts";
import { makeRedactor } from "../../src/http/redact.ts";
import { isTag } from "../../src/oci/reference.ts";
import {
  parseAuthFile,
  printAuthFile,
  type RegistryLogin,
} from "../../src/registry/credentials.ts";
import { client } from "./clients.ts";

const host = fc.constantFrom("r.example", "r.example:5000", "docker.io", "[::1]:80", "localhost");
const word = fc.string({ minLength: 1, maxLength: 20 });
const login: fc.Arbitrary<RegistryLogin> = fc.oneof(
  // A colon would end the name, and docker pads passwords with zero bytes, which are taken off.
  fc.record({
    username: word.filter((text) => !/:/.test(text)),
    password: fc.string({ unit: "binary" }).map((text) => `${text.replaceAll("\0", "")}.`),
  }),
  fc.record({ identityToken: word }),
);

test("logins that are printed are read back, each for its host", () =>
  fc.assert(
    fc.property(fc.dictionary(host, login, { noNullPrototype: true }), (logins) => {
      const given = new Map(Object.entries(logins));
      const read = parseAuthFile("x", printAuthFile(given))?.logins;
      const told = (found: RegistryLogin) =>
        "identityToken" in found ? found.identityToken : [found.username, found.password];
      const words = (all: Iterable<readonly [string, RegistryLogin]>) =>
        new Map([...all].map(([name, found]) => [name, told(found)]));
      assert.deepEqual(words(read ?? []), words(given));
    }),
  ));

test("no address of any spelling leads from a registry to loopback or link-local ones", () => {
  const from = new URL("https://registry.example.org/v2/");
  const octet = fc.nat({ max: 255 });
  const spelled = fc.tuple(fc.constantFrom(127, 169), octet, octet, octet).chain(([a, b, c, d]) => {
    const second = a === 169 ? 254 : b;
    const number = ((a * 256 + second) * 256 + c) * 256 + d;
    const hex = number.toString(16).padStart(8, "0");
    const mapped = `${hex.slice(0, 4)}:${hex.slice(4)}`;
    return fc.constantFrom(
      ...[`${a}.${second}.${c}.${d}`, `${number}`, `0x${hex}`, `0${number.toString(8)}`],
      ...[`${a}.${second}.${c * 256 + d}`, `[::ffff:${mapped}]`, `[::${mapped}]`],
      ...[`${a}.${second}.${c}.${d}.`, `[64:ff9b::${mapped}]`],
    );
  });
  fc.assert(
    fc.property(spelled, (name) => {
      const to = new URL(`https://${name}/x`);
      assert.notEqual(refuseHop(from, to), undefined, to.href);
      assert.equal(realmTrust(from, to).kind, "refused");
    }),
    { numRuns: 500 },
  );
});

test("no secret comes through, wherever in a text it stands", () =>
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 30 }),
      fc.string(),
      fc.string(),
      (...parts) => {
        const [secret, before, after] = parts;
        const redactor = makeRedactor();
        redactor.hide(secret);
        fc.pre(!"***".includes(secret) && secret.trim().length >= 8 && !/\*/.test(secret));
        for (const told of [
          redactor.clean(`${before}${secret}${after}`),
          redactor.conceal(`${before}${secret}${after}`),
        ])
          assert.ok(!told.includes(secret));
      },
    ),
  ));

const there = { host: "r.example", path: "group/image" };

/** A client whose registry answers everything with this. */
function answering(status: number, headers: Record<string, string>, body: string) {
  const bare = [204, 205, 304].includes(status);
  const fetch = async () => new Response(bare ? null : body, { status, headers });
  return client(undefined, { fetch, limits: { attempts: 2 } });
}

const visible = fc.string({ unit: fc.constantFrom(...'<>;="/?&.:,abc v2rel next'), maxLength: 60 });
const links = fc.oneof(
  visible,
  visible.map((inner) => `<${inner}>; rel="next"`),
);

test("any status, header and body make a result or a BerthError of one line, in every operation", async () => {
  const name = fc.constantFrom(
    ...["content-type", "docker-content-digest", "location", "www-authenticate", "retry-after"],
    ...["link", "content-length", "content-encoding", "x-other"],
  );
  const value = fc.oneof(
    links,
    fc.constantFrom("text/html", "application/vnd.oci.image.manifest.v1+json", "gzip", "17"),
    fc.constantFrom("Basic", 'Bearer realm="https://r.example/t"', "https://r.example/v2/x", "//["),
  );
  const tags = fc.array(fc.oneof(word, fc.jsonValue()), { maxLength: 3 });
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    tags.map((list) => JSON.stringify({ tags: list })),
  );
  const status = fc.oneof(fc.constantFrom(200, 404), fc.integer({ min: 200, max: 599 }));
  const property = async (code: number, headers: Record<string, string>, text: string) => {
    const opened = answering(code, { ...headers }, text);
    const tagged = { ...there, tag: "one" };
    const listed = Array.fromAsync(opened.tags(there));
    const results = await Promise.allSettled([
      listed.then((list) => assert.ok(list.flat().every(isTag))),
      opened.head(tagged),
      opened.get(tagged),
      opened.putBlob(there, Buffer.from("x")),
      opened.copy(tagged, { ...there, path: "group/copy" }, ["one"]),
      opened.deleteTag(tagged),
    ]);
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      assert.ok(result.reason instanceof BerthError, String(result.reason?.stack));
      assert.match(result.reason.message, /^[^\r\n]+$/);
    }
  };
  const all = fc.asyncProperty(status, fc.dictionary(name, value), body, property);
  await fc.assert(all, { numRuns: 500 });
});
