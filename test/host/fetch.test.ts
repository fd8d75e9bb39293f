/** The network as berth uses it: what Node's own fetch would have given, by its http module. */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { httpFetch } from "../../src/host/fetch.ts";
import type { FetchInit } from "../../src/world.ts";
import { listen, stopServer } from "../support/faulty-server.ts";

const init = {
  method: "GET",
  headers: {},
  signal: new AbortController().signal,
} as const satisfies FetchInit;

async function serving(
  answer: RequestListener,
  work: (url: URL) => Promise<void>,
): Promise<{ readonly sockets: number }> {
  const server = createServer(answer);
  let sockets = 0;
  server.on("connection", () => {
    sockets += 1;
  });
  const host = await listen(server);
  try {
    await work(new URL(`http://${host}/some/path?a=b`));
    return { sockets };
  } finally {
    await stopServer(server);
  }
}

async function textOf(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const echo: RequestListener = async (incoming, response) => {
  const { method, url, headers } = incoming;
  const body = Buffer.concat(await incoming.toArray()).toString();
  const { "content-length": length, "user-agent": agent } = headers;
  const seen = { method, url, body, length, agent };
  response.end(JSON.stringify(seen));
};

async function* pieces(...all: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield Buffer.from(piece);
}

suite("the network by Node's http module", () => {
  test("sends what it was given, whole or piece by piece, over one connection", async () => {
    const { sockets } = await serving(echo, async (url) => {
      const ask = async (change: Partial<FetchInit>) => {
        const answer = await httpFetch(url, { ...init, ...change });
        const seen = JSON.parse(await textOf(answer.body)) as Record<string, string>;
        await new Promise((resolve) => setImmediate(resolve));
        return [seen["method"], seen["url"], seen["body"], seen["length"], seen["agent"]];
      };
      const path = "/some/path?a=b";
      assert.deepEqual(await ask({}), ["GET", path, "", undefined, "berth"]);
      assert.deepEqual(await ask({ method: "POST" }), ["POST", path, "", "0", "berth"]);
      const whole = { method: "PUT", body: Buffer.from("whole") };
      assert.deepEqual(await ask(whole), ["PUT", path, "whole", "5", "berth"]);
      const headers = { "content-length": "6" };
      const streamed = { method: "PUT", headers, body: pieces("pie", "ces") };
      assert.deepEqual(await ask(streamed), ["PUT", path, "pieces", "6", "berth"]);
    });
    assert.equal(sockets, 1);
  });

  test("gives redirects and failures as answers", async () => {
    const answer: RequestListener = (_, response) => {
      response.writeHead(307, { location: "/there", "x-twice": ["a", "b"] }).end();
    };
    await serving(answer, async (url) => {
      const { status, ok, headers } = await httpFetch(url, init);
      assert.deepEqual([status, ok, headers.get("location")], [307, false, "/there"]);
      assert.deepEqual([headers.get("x-twice"), headers.get("none")], ["a, b", null]);
    });
  });

  const encodings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
  for (const [encoding, compress] of Object.entries(encodings))
    test(`unpacks what comes as ${encoding} though nobody asked for it`, async () => {
      const answer: RequestListener = (_, response) => {
        response.writeHead(200, { "content-encoding": encoding }).end(compress("text"));
      };
      await serving(answer, async (url) => {
        assert.equal(await textOf((await httpFetch(url, init)).body), "text");
      });
    });

  test("stops sending when the answer comes early, and the connection is used no more", async () => {
    const early: RequestListener = (incoming, response) => {
      incoming.pause();
      response.writeHead(401).end("no");
    };
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on("warning", warn);
    await serving(early, async (url) => {
      let sent = 0;
      const endless = async function* () {
        for (; sent < 2000; sent++) yield Buffer.alloc(65_536);
      };
      const headers = { "content-length": `${2000 * 65_536}` };
      const answer = await httpFetch(url, { ...init, method: "PUT", headers, body: endless() });
      assert.equal(answer.status, 401);
      assert.equal(await textOf(answer.body), "no");
      assert.ok(sent < 2000);
    });
    process.off("warning", warn);
    assert.deepEqual(warnings, []);
  });

  test("leaves the connection, too, where the next piece comes when the answer has been read", async () => {
    const closed = Promise.withResolvers<void>();
    const early: RequestListener = ({ socket }, response) => {
      socket.once("close", closed.resolve);
      response.writeHead(401).end("no");
    };
    await serving(early, async (url) => {
      const read = Promise.withResolvers<void>();
      const slow = async function* () {
        yield Buffer.from("a");
        await read.promise;
        yield Buffer.from("b");
      };
      const headers = { "content-length": "3" };
      const answer = await httpFetch(url, { ...init, method: "PUT", headers, body: slow() });
      assert.equal(await textOf(answer.body), "no");
      read.resolve();
      assert.notEqual(await Promise.race([closed.promise, setTimeout(2000, "open")]), "open");
    });
  });

  test("fails with the cause's code: a reset, a body cut short, a source that fails, a signal", async () => {
    const reset: RequestListener = (incoming) => incoming.socket.destroy();
    await serving(reset, (url) => assert.rejects(httpFetch(url, init), { code: "ECONNRESET" }));
    const cut: RequestListener = (incoming, response) => {
      const cutOff = () => void incoming.socket.destroy();
      response.writeHead(200, { "content-length": "10" }).write("half", cutOff);
    };
    await serving(cut, async (url) => {
      const { body } = await httpFetch(url, init);
      await assert.rejects(textOf(body), { code: "ECONNRESET" });
    });
    await serving(reset, async (url) => {
      const isDone = Promise.withResolvers<void>();
      const endless = async function* () {
        try {
          for (;;) yield Buffer.alloc(65_536);
        } finally {
          isDone.resolve();
        }
      };
      const call = { ...init, method: "PUT", body: endless() };
      await assert.rejects(httpFetch(url, call), { code: /^(ECONNRESET|EPIPE)$/ });
      await isDone.promise;
    });
    await serving(echo, async (url) => {
      const failing = async function* () {
        yield Buffer.from("one");
        throw new Error("the source is gone");
      };
      const headers = { "content-length": "6" };
      const call = { ...init, method: "PUT", headers, body: failing() };
      await assert.rejects(httpFetch(url, call), /the source is gone/);
    });
    await serving(
      () => undefined,
      async (url) => {
        const abort = new AbortController();
        const asked = httpFetch(url, { ...init, signal: abort.signal });
        abort.abort();
        await assert.rejects(asked, { code: "ABORT_ERR" });
      },
    );
  });
});
