import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  type Answered,
  backoffMs,
  deniedError,
  isAboutTag,
  isTooLong,
  isTransient,
  mayPass,
  networkCause,
  printStatus,
  readComplaints,
  refuseWebPage,
  retryAfterMs,
  statusError,
} from "../../src/http/errors.ts";
import { makeRedactor } from "../../src/http/redact.ts";

const now = new Date("2026-05-01T12:00:00Z");

for (const [text, expected, date] of [
  ["3", 3000],
  ["0", 0],
  ["Fri, 01 May 2026 12:00:05 GMT", 5000],
  ["Fri, 01 May 2026 11:00:00 GMT", 0],
  ["Fri, 01 May 2026 11:00:05 GMT", 5000, "Fri, 01 May 2026 11:00:00 GMT"],
  ["Fri, 01 May 2026 13:00:05 GMT", 5000, "Fri, 01 May 2026 13:00:00 GMT"],
  ["Fri, 01 May 2026 12:00:05 GMT", 5000, "today"],
  ["1.5", 0],
  ["1767225600", 0],
  [undefined, 0],
] as const)
  test(`Retry-After ${text} at ${date ?? "an unknown time"} means ${expected} ms`, () => {
    const headers = new Headers();
    if (text !== undefined) headers.set("retry-after", text);
    if (date !== undefined) headers.set("date", date);
    assert.equal(retryAfterMs(headers, now), expected);
  });

test("only what speaks of the moment is tried again", () => {
  const transient = [408, 425, 429, 500, 502, 503, 504, 522];
  const final = [200, 301, 400, 401, 403, 404, 405, 409, 413, 416, 501, 505];
  assert.deepEqual(transient.filter(isTransient), transient);
  assert.deepEqual(final.filter(isTransient), []);
});

test("waits grow and stay within their halves", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const wait = backoffMs(attempt, () => random);
        assert.ok(wait >= 500 * 2 ** (attempt - 1) && wait <= 1000 * 2 ** (attempt - 1));
      },
    ),
  ));

test("a network failure is named by its code and nothing else", () => {
  const cause = Object.assign(new Error("token=abc"), { code: "ECONNRESET" });
  assert.equal(networkCause(new TypeError("fetch failed", { cause })), "ECONNRESET");
  assert.equal(networkCause(new TypeError("invalid header Bearer abc")), "connection failed");
  assert.equal(networkCause("abc"), "connection failed");
});

test("a text is cleaned of secrets, tokens, queries and line breaks", () => {
  const redactor = makeRedactor();
  redactor.hide("hunter2-secret");
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
  for (const [text, expected] of [
    ["no hunter2-secret here", "no *** here"],
    [`got ${jwt} there`, "got *** there"],
    ["sent Bearer abcdefghijkl", "sent Bearer ***"],
    ["see https://a.example/x?sig=abc&b=c now", "see https://a.example/x now"],
    ["see https://user:pw@a.example/x", "see https://a.example/x"],
    ["one\r\ntwo\u001b[31m three\u2028four", "one two [31m three four"],
    ["x".repeat(300), "x".repeat(300)],
    ["x".repeat(301), `${"x".repeat(300)}...`],
    ["see https://a.example/ as basic a2V5OnZhbHVl", "see https://a.example/ as basic ***"],
  ] as const)
    assert.equal(redactor.clean(text), expected);
});

test("a login is hidden from what leaves the client, however it is spelled, but for short words", () => {
  const redactor = makeRedactor();
  for (const secret of ["abc", "word", "Secret-8"]) redactor.hide(secret);
  assert.equal(redactor.clean("abc word Secret-8"), "abc *** ***");
  assert.equal(redactor.conceal("a word of\nsecret-8 Secret-8"), "a word of\n*** ***");
});

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const errors = (...list: readonly object[]) => bytesOf({ errors: list });

function answered(status: number, bytes: Uint8Array, headers: object = {}): Answered {
  return { status, bytes, headers: new Headers({ ...headers }) };
}

test("complaints are read in the spellings of registries, OAuth 2 and proxies", () => {
  for (const [body, expected] of [
    [{ errors: [{ code: "A", message: "b" }, "c", { code: 1 }] }, ["A: b", ": "]],
    [{ error: "invalid_scope", error_description: "too much" }, ["invalid_scope: too much"]],
    [{ error: "invalid_scope", error_description: 1 }, ["invalid_scope: "]],
    [{ message: "go away" }, [": go away"]],
    [{ error: 1, message: 2 }, []],
    ["text", []],
  ] as const) {
    const read = readComplaints(bytesOf(body));
    const told = read.map(({ code, message }) => `${code}: ${message}`);
    assert.deepEqual(told, expected);
  }
});

test("a status is printed with what is said about it, each once and three at the most", () => {
  const redactor = makeRedactor();
  const say = (...list: readonly object[]) =>
    printStatus({ status: 403, bytes: errors(...list) }, redactor);
  assert.equal(say(), "403");
  assert.equal(say({ message: "403 Forbidden" }), "403 Forbidden");
  assert.equal(say({ code: "DENIED" }, { code: "DENIED" }, {}), "403 DENIED");
  assert.equal(
    say({ code: "DENIED", message: "no" }, { message: "never" }),
    "403 DENIED: no; never",
  );
  assert.equal(say(...["A", "B", "C", "D"].map((code) => ({ code }))), "403 A; B; C");
});

test("a server's error that speaks of the request is not tried again", () => {
  for (const [status, code, expected] of [
    [500, "UNKNOWN", true],
    [500, "MANIFEST_INVALID", false],
    [503, "DENIED", false],
    [400, "UNKNOWN", false],
  ] as const)
    assert.equal(mayPass(answered(status, errors({ code: "X" }, { code }))), expected, code);
});

test("a refusal about a tag is told from one about a login", () => {
  const about = (code: string) => isAboutTag({ bytes: errors({ code: "X" }, { code }) });
  const codes = ["IMMUTABLE_TAG", "PROTECTED_TAG", "TAG_INVALID", "DENIED", "MY_TAG_X"];
  assert.deepEqual(codes.filter(about), codes.slice(0, 3));
});

suite("the error for an answer", () => {
  const attempted = { purpose: "push x", access: "push", hasLogin: true } as const;
  for (const [status, bytes, code, hint] of [
    [401, errors(), "REGISTRY_DENIED", /may push here/],
    [403, errors(), "REGISTRY_DENIED", /may push here/],
    [503, errors(), "REGISTRY_UNAVAILABLE", /try again later/],
    [400, errors({ code: "MANIFEST_BLOB_UNKNOWN" }), "REGISTRY_REFUSED", /put it there first/],
    [404, errors({ code: "MANIFEST_UNKNOWN" }), "REGISTRY_REFUSED", /put it there first/],
    [400, errors({ code: "NAME_INVALID" }), "REGISTRY_REFUSED", /check the reference/],
    [
      400,
      Buffer.from("Client sent an HTTP request to an HTTPS server."),
      "REGISTRY_REFUSED",
      /speaks TLS/,
    ],
  ] as const)
    test(`${status} ${bytes}`, () => {
      const error = statusError({ status, bytes }, attempted, makeRedactor());
      assert.equal(error.code, code);
      assert.match(error.message, new RegExp(`^push x: ${status}`));
      assert.match(error.hint ?? "", hint);
    });

  test("names the right by what was to be done, and the login where there is none", () => {
    const hintOf = (access: "pull" | "push" | "delete", hasLogin = true) =>
      statusError(answered(403, errors()), { purpose: "x", access, hasLogin }, makeRedactor()).hint;
    assert.match(hintOf("pull") ?? "", /allowlist/);
    assert.match(hintOf("delete") ?? "", /may delete here/);
    assert.match(hintOf("pull", false) ?? "", /there is no login/);
    const refused = { purpose: "x", access: "pull", hasLogin: true } as const;
    assert.match(deniedError("401", refused).hint ?? "", /^the login is not taken/);
  });
});

test("a web page is refused, but for one that a proxy put over a registry's answer", () => {
  const page = (headers: object) => () =>
    refuseWebPage(answered(404, errors(), headers), "look at x");
  assert.throws(page({ "content-type": " Text/HTML; charset=utf-8" }), {
    code: "REGISTRY_REFUSED",
  });
  assert.throws(page({ "content-type": "application/xhtml+xml" }), { code: "REGISTRY_REFUSED" });
  page({ "content-type": "application/json" })();
  page({})();
  page({ "content-type": "text/html", "docker-distribution-api-version": "registry/2.0" })();
});

test("headers that are too long are told, also in nginx's words", () => {
  const html = { "content-type": "text/html" };
  const said = [431, 494, 400].map((status) => isTooLong(answered(status, errors())));
  assert.deepEqual(said, [true, true, false]);
  assert.equal(isTooLong(answered(400, errors(), html)), true);
  assert.equal(isTooLong(answered(404, errors(), html)), false);
});

test("the cause of a network failure may lie deep", () => {
  const coded = Object.assign(new Error("x"), { code: "EPIPE" });
  const below = (depth: number): Error =>
    depth === 0 ? coded : new Error("y", { cause: below(depth - 1) });
  assert.equal(networkCause(below(4)), "EPIPE");
  assert.equal(networkCause(below(5)), "connection failed");
});
