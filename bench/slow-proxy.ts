/** A registry as it is from afar: each request waits a while, in a process of its own. */
import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [port, latencyMs] = process.argv.slice(2).map(Number);
const server = createServer(async (request, response) => {
  await sleep(latencyMs);
  const { method, url, headers } = request;
  const onward = send({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.on("disconnect", () => process.exit(0));
process.send?.((server.address() as AddressInfo).port);
