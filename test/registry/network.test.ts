/** Ways to a registry: names that do not exist, IPv6, proxies. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { listen, stopServer } from "../support/faulty-server.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";
import { startTokenService } from "../support/token-service.ts";
import { client, goodLogin, seed, testImage } from "./clients.ts";

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
  test("a host that no name server knows is unavailable, after the attempts", async () => {
    const lines: string[] = [];
    const opened = client(goodLogin, { log: (line) => lines.push(line) });
    await assert.rejects(opened.get({ host: "registry.invalid", path: "some/image", tag: "one" }), {
      code: "REGISTRY_UNAVAILABLE",
      message: /^get manifest registry\.invalid\/some\/image:one: (ENOTFOUND|EAI_AGAIN)$/,
    });
    assert.equal(lines.length, 4);
  });

  test("an IPv6 address is a host like others, with tokens too", async () => {
    const tokens = await startTokenService();
    const registry = await startMemoryRegistry({ address: "::1", authority: tokens.authority });
    assert.match(registry.host, /^\[::1\]:\d+$/);
    seed(registry, "group/image", image, "one");
    const there = { host: registry.host, path: "group/image" };
    const opened = client(goodLogin);
    assert.deepEqual(await opened.head({ ...there, tag: "one" }), descriptor);
    const copied = await opened.copy({ ...there, tag: "one" }, { ...there, path: "a/b" }, ["two"]);
    await Promise.all([registry.stop(), tokens.stop()]);
    assert.equal(copied.mounted, 3);
  });

  test("a proxy of the environment is used where NODE_USE_ENV_PROXY asks for it", async () => {
    const registry = await startMemoryRegistry();
    seed(registry, "group/image", image, "one");
    const proxy = await startProxy(registry.host);
    const { NODE_TEST_CONTEXT: _, NO_PROXY: __, no_proxy: ___, ...inherited } = process.env;
    const env = { ...inherited, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: `http://${proxy.host}` };
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
