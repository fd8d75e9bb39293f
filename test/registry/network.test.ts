/** Ways to a registry: names that do not exist, IPv6, proxies. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Repository } from "../../src/oci/reference.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { listen, stopServer } from "../support/faulty-server.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";
import { client, goodLogin, seed, startScene, testImage } from "./clients.ts";

const image = testImage("network");
const { descriptor } = image.manifest;

/** A proxy that takes every host for one server, whichever way it is asked. */
async function startProxy(to: string) {
  const asked: string[] = [];
  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const url = new URL(incoming.url ?? "", "http://proxied");
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(`http://${to}${url.pathname}${url.search}`, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on("connect", (incoming, socket, head) => {
    asked.push(`CONNECT ${incoming.url}`);
    const [host = "", port] = to.split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on("error", () => socket.destroy());
  });
  return { host: await listen(server), asked, stop: () => stopServer(server) };
}

suite("the way to a registry", () => {
  for (const [code, hint] of [
    ["ENOTFOUND", /check the host's name; .* NODE_USE_ENV_PROXY/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /certificate is for another host/],
    ["CERT_HAS_EXPIRED", /renew the server's certificate/],
    ["EPROTO", /does not speak TLS: .*`insecure`/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /NODE_EXTRA_CA_CERTS/],
    ["SELF_SIGNED_CERT_IN_CHAIN", /NODE_EXTRA_CA_CERTS/],
  ] as const)
    test(`${code} is told at once, with what to do`, async () => {
      const lines: string[] = [];
      const fetch = () => Promise.reject(Object.assign(new Error("no"), { code }));
      const opened = client(goodLogin, { fetch, log: (line) => lines.push(line) });
      const message = `get manifest registry.test/some/image:one: ${code}`;
      const asked = opened.get({ host: "registry.test", path: "some/image", tag: "one" });
      await assert.rejects(asked, { code: "REGISTRY_UNAVAILABLE", message, hint });
      assert.deepEqual(lines, []);
    });

  test("a host that answers with web pages is no registry, whatever it has", async () => {
    const ask: readonly ((opened: Registry, at: Repository) => Promise<unknown>)[] = [
      (opened, at) => opened.get({ ...at, tag: "one" }),
      (opened, at) => opened.head({ ...at, tag: "one" }),
      (opened, at) => Array.fromAsync(opened.tags(at)),
    ];
    for (const one of ask) {
      const server = createServer((_incoming, response) => {
        response.writeHead(404, { "content-type": "text/html;charset=utf-8" });
        response.end("<html>");
      });
      const at = { host: await listen(server), path: "group/image" };
      await assert.rejects(one(client(undefined), at), {
        code: "REGISTRY_REFUSED",
        message: /the answer is a web page/,
      });
      await stopServer(server);
    }
  });

  test("an IPv6 address is a host like others, with tokens too", async () => {
    const { registry, at, stop } = await startScene({ address: "::1" });
    assert.match(registry.host, /^\[::1\]:\d+$/);
    seed(registry, "group/image", image, "one");
    const there = at("group/image");
    const opened = client(goodLogin);
    assert.deepEqual(await opened.head({ ...there, tag: "one" }), descriptor);
    const copied = await opened.copy({ ...there, tag: "one" }, { ...there, path: "a/b" }, ["two"]);
    await stop();
    assert.equal(copied.streamedBytes, 0);
  });

  test("a proxy of the environment is used where NODE_USE_ENV_PROXY asks for it", async () => {
    const registry = await startMemoryRegistry();
    seed(registry, "group/image", image, "one");
    const proxy = await startProxy(registry.host);
    const { PATH } = process.env;
    const env = { PATH, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: `http://${proxy.host}` };
    const output = await new Promise<string>((resolve) => {
      const child = join(import.meta.dirname, "proxied.ts");
      execFile(process.execPath, [child], { env }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    await Promise.all([proxy.stop(), registry.stop()]);
    assert.equal(output, descriptor.digest);
    assert.equal(proxy.asked.length, 1);
    assert.match(proxy.asked[0]!, /registry\.berth\.test/);
  });
});
