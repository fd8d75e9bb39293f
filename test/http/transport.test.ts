/** One request and what becomes of it, without a server. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { makeRedactor } from "../../src/http/redact.ts";
import { type Call, defaultLimits, type Limits, makeTransport } from "../../src/http/transport.ts";
import type { FetchInit } from "../../src/world.ts";
import { fakeClock } from "../registry/clients.ts";

interface Sent {
  readonly url: string;
  readonly init: FetchInit;
}

type Answer = Response | Error | Promise<Response>;

const answer =
  (status: number, headers: object = {}, body = "") =>
  () =>
    new Response(body === "" ? null : body, { status, headers: { ...headers } });

const reset = () =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNRESET" }) });

/** A transport whose server gives these answers one by one, the last again and again. */
function exchange(answers: readonly ((init: FetchInit) => Answer)[], limits: Partial<Limits> = {}) {
  const clock = fakeClock();
  const sent: Sent[] = [];
  const lines: string[] = [];
  const transport = makeTransport({
    clock,
    limits: { ...defaultLimits, ...limits },
    random: () => 0,
    redactor: makeRedactor(),
    log: (line) => lines.push(line),
    fetch: async (url, init) => {
      const given = answers[Math.min(sent.length, answers.length - 1)]!(init);
      sent.push({ url: `${url}`, init });
      if (given instanceof Error) throw given;
      return given;
    },
  });
  const send = (call: Partial<Call> = {}) =>
    transport.send({
      method: "GET",
      url: new URL("https://a.example/v2/x"),
      purpose: "ask",
      ...call,
    });
  return { send, clock, sent, lines };
}

suite("a request is sent again", () => {
  for (const [name, told, first] of [
    ["after a 503", "503", answer(503)],
    ["after a 429", "429", answer(429)],
    ["after a connection that was reset", "ECONNRESET", reset],
  ] as const)
    test(`${name}, and its answer says so`, async () => {
      const { send, sent, clock, lines } = exchange([first, answer(200)]);
      assert.equal((await send()).again, true);
      assert.equal(sent.length, 2);
      assert.deepEqual(clock.waits, [500]);
      assert.equal(lines.join("\n"), `ask: ${told}; trying again in 0.5 s`);
    });

  test("so often, each time after twice the wait, and no more", async () => {
    const { send, sent, clock } = exchange([answer(503)]);
    await assert.rejects(send(), { code: "REGISTRY_UNAVAILABLE", message: "ask: 503" });
    assert.equal(sent.length, defaultLimits.attempts);
    assert.deepEqual(clock.waits, [500, 1000, 2000, 4000]);
  });

  test("but not where that cannot help or may not be", async () => {
    const lasting = Object.assign(new Error("x"), { code: "CERT_HAS_EXPIRED" });
    for (const [answers, call, hint] of [
      [[() => lasting], {}, /renew/],
      [[answer(503)], { once: true }, /try again later/],
      [[answer(429)], { once: true }, /too many requests from here: log in/],
      [[answer(429)], { once: true, login: {}, identity: "anonymous" }, /from here: log in/],
      [[answer(429)], { once: true, login: {} }, /^too many requests of this login(?!.*log in)/],
    ] as const) {
      const { send, sent } = exchange([...answers]);
      await assert.rejects(send(call), (error: { code?: string; hint?: string }) => {
        assert.match(error.hint ?? "", hint);
        return error.code === "REGISTRY_UNAVAILABLE";
      });
      assert.equal(sent.length, 1);
    }
  });

  test("not after an answer of the first time, whatever it says", async () => {
    for (const status of [200, 204, 400, 404, 501]) {
      const { send, sent } = exchange([answer(status)]);
      assert.equal((await send()).again, undefined);
      assert.equal(sent.length, 1);
    }
  });
});

suite("a wait that a server asks for", () => {
  test("is borne up to the limit, and told beyond it", async () => {
    const borne = exchange([answer(429, { "retry-after": "120" }), answer(200)]);
    await borne.send();
    assert.deepEqual(borne.clock.waits, [120_000]);
    const refused = exchange([answer(429, { "retry-after": "121" })]);
    await assert.rejects(refused.send(), { message: "ask: 429 (asks to wait 121 s)" });
    assert.equal(refused.sent.length, 1);
    await assert.rejects(refused.send());
    assert.deepEqual(refused.clock.waits, [], "nobody waits for what is not borne");
    const zero = exchange([answer(429, { "retry-after": "0" }), answer(200)]);
    await zero.send();
    assert.deepEqual(zero.clock.waits, [500], "asked to come at once, it still waits a little");
    const told = exchange([answer(429, { "retry-after": "0" })]);
    await assert.rejects(told.send({ once: true }), { message: "ask: 429" });
  });

  test("is kept by other requests to that origin, and by no others", async () => {
    const { send, clock } = exchange([answer(429, { "retry-after": "7" }), answer(200)]);
    await assert.rejects(send({ once: true }));
    await send({ url: new URL("https://b.example/") });
    assert.deepEqual(clock.waits, []);
    await send({ url: new URL("https://a.example/other") });
    await send();
    assert.deepEqual(clock.waits, [7000]);
  });

  test("is not made shorter by a later one that asks for less", async () => {
    const told = ["60", "1", "0"].map((after) => answer(429, { "retry-after": after }));
    const { send, clock } = exchange([...told, answer(503), answer(200)]);
    await Promise.allSettled(Array.from({ length: 4 }, () => send({ once: true })));
    await send();
    assert.deepEqual(clock.waits, [60_000]);
  });
});

suite("a redirect", () => {
  const to = (location: string) => answer(307, { location });
  const login = { authorization: "Basic x" };

  test("is one by its status", async () => {
    for (const status of [300, 301, 302, 303, 304, 305, 307, 308]) {
      const { send, sent } = exchange([answer(status, { location: "/other" }), answer(200)]);
      const isFollowed = (await send()).status === 200;
      const expected = Array(2).fill(![300, 304, 305].includes(status));
      assert.deepEqual([isFollowed, sent.length > 1], expected);
    }
  });

  test("is followed five times and not six", async () => {
    const hops = Array.from({ length: 5 }, () => to("/again"));
    const followed = exchange([...hops, answer(200)]);
    assert.equal(`${(await followed.send()).url}`, "https://a.example/again");
    const endless = exchange([to("/again")]);
    await assert.rejects(endless.send(), { message: "ask: redirected too often" });
    assert.equal(endless.sent.length, 6);
  });

  test("takes the login along to the same origin only, and not back", async () => {
    const there = [to("/same"), to("https://b.example/"), to("https://a.example/back")];
    const { send, sent } = exchange([...there, answer(200)]);
    await send({ login });
    const logins = sent.map(({ init }) => "authorization" in (init.headers ?? {}));
    assert.deepEqual(logins, [true, true, false, false]);
  });

  test("of what is written stays on the server, and is not for a body that can be read once", async () => {
    const body = Buffer.from("x");
    const put = { method: "PUT", body } as const;
    assert.equal((await exchange([to("/same"), answer(201)]).send(put)).status, 201);
    const away = exchange([to("https://b.example/"), answer(201)]);
    await assert.rejects(away.send(put), { message: "ask: redirected while writing" });
    assert.equal(away.sent.length, 1);
    const chunks = (async function* () {
      yield body;
    })();
    const streamed = exchange([to("/same"), answer(201)]);
    const streaming = streamed.send({ method: "PUT", body: { chunks, size: 1 } });
    await assert.rejects(streaming, { code: "REGISTRY_REFUSED" });
  });

  test("without an address is an answer, and to no address an error", async () => {
    assert.equal((await exchange([answer(304)]).send()).status, 304);
    assert.equal((await exchange([answer(302)]).send()).status, 302);
    await assert.rejects(exchange([to("http://[")]).send(), { message: /not an address$/ });
  });
});

suite("a body", () => {
  test("may have all that was allowed and not a byte more", async () => {
    const whole = exchange([answer(200, {}, "12345")]);
    assert.equal(`${Buffer.from((await whole.send({ maxBytes: 5 })).bytes)}`, "12345");
    const more = exchange([answer(200, {}, "123456")]);
    await assert.rejects(more.send({ maxBytes: 5, overflow: "MANIFEST_INVALID" }), {
      code: "MANIFEST_INVALID",
      message: "ask: the answer has more than 5 bytes",
    });
  });

  test("that explains a failure is read up to 64 KiB, whatever was allowed", async () => {
    const { send } = exchange([answer(404, {}, "x".repeat(64 * 1024 + 1))]);
    assert.equal((await send({ maxBytes: 5 })).bytes.length, 64 * 1024);
  });

  test("is asked for as it is, and passed on where that is wished and all is well", async () => {
    const good = exchange([answer(200, {}, "12345")], { requestMs: 20_000 });
    const { chunks, bytes } = await good.send({ stream: true, maxBytes: 1 });
    assert.equal(bytes.length, 0);
    assert.deepEqual(good.clock.timers(), [defaultLimits.stallMs]);
    assert.equal(`${Buffer.concat(await Array.fromAsync(chunks ?? []))}`, "12345");
    assert.equal(new Headers(good.sent[0]!.init.headers).get("accept-encoding"), "identity");
    assert.deepEqual(good.clock.timers(), []);
    const bad = exchange([answer(404, {}, "12345")]);
    const { chunks: none, bytes: all } = await bad.send({ stream: true });
    assert.deepEqual([none, all.length], [undefined, 5]);
    assert.deepEqual(bad.clock.timers(), []);
  });

  test("that is sent piece by piece has its size told, and each piece is a sign of life", async () => {
    const timers: (readonly number[])[] = [];
    const read = async ({ body }: FetchInit) => {
      for await (const _ of body as AsyncIterable<Uint8Array>) timers.push(clock.timers());
      timers.push(clock.timers());
      return new Response(null, { status: 201 });
    };
    const { send, sent, clock } = exchange([read], {
      headersMs: 20_000,
      stallMs: 10_000,
      storeMs: 50_000,
    });
    const chunks = (async function* () {
      yield* ["12", "345"].map((text) => Buffer.from(text));
    })();
    const login = { authorization: "Basic x" };
    await send({ method: "PUT", login, body: { chunks, size: 5 } });
    assert.deepEqual(timers, [[10_000], [10_000], [50_000]]);
    const headers = { "accept-encoding": "identity", ...login, "content-length": "5" };
    assert.deepEqual(sent[0]?.init.headers, headers);
    assert.deepEqual(clock.timers(), []);
  });
});
