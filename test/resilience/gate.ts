/** A gate before a registry: passes requests on, and lets a test act at each boundary of one. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { stopServer } from "../support/memory-registry.ts";
import type { Moment } from "./held.ts";

export interface Passing {
  /** Counts requests from 0. */
  readonly index: number;
  readonly moment: Moment;
  readonly method: string;
  readonly path: string;
  /** Sent by the engine and not by berth. */
  readonly byEngine: boolean;
}

export interface Gate {
  readonly host: string;
  readonly passed: Passing[];
  stop(): Promise<void>;
}

/** What a request does, names and digests left out. */
export function kindOf({ method, path, byEngine }: Passing): string {
  const plain = path
    .replace(/\?.*/, "")
    .replace(/[0-9a-f]{64}|[0-9a-f-]{36}$|[0-9a-f]{40}/, "X")
    .replace(/\/(?:parent|child|other)\//, "/IMAGE/");
  return `${byEngine ? "engine " : ""}${method} ${plain}`;
}

/** Opens a gate to a host; where `at` gives "cut" the connection ends there instead of going on. */
export async function openGate(
  host: string,
  at: (passing: Passing) => Promise<"cut" | "pass">,
): Promise<Gate> {
  const passed: Passing[] = [];
  let count = 0;
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const seen = {
      index: count++,
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      byEngine: incoming.headers["user-agent"] === "fake-buildah",
    };
    const body = Buffer.concat(await incoming.toArray());
    const goesOn = async (moment: Moment): Promise<boolean> => {
      const passing = { ...seen, moment };
      passed.push(passing);
      if ((await at(passing)) === "pass") return true;
      response.socket?.destroy();
      return false;
    };
    if (!(await goesOn("before"))) return;
    const answer = await forward(host, incoming, body);
    const bytes = Buffer.concat(await answer.toArray());
    if (!(await goesOn("after"))) return;
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(bytes);
  };
  const server = createServer((incoming, response) => {
    // A client that was killed leaves requests half sent; they have no effect.
    serve(incoming, response).catch(() => response.socket?.destroy());
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    stop: () => stopServer(server),
  };
}

function forward(host: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  // A connection that was kept may be closed over there at this moment, and engines do not try again.
  const onward = request(`http://${host}${url}`, { method, headers, agent: false }, resolve);
  onward.on("error", reject);
  onward.end(body);
  return promise;
}
