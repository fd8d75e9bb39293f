/** A server's side of one exchange: reading a request, answering it, and answering it badly. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What is done instead of answering; `answer` gets what would have been answered. */
export type Fault =
  | { readonly kind: "answer"; readonly answer: (real: () => Answer) => Answer }
  /** Ends the connection, before or after the request took effect. */
  | { readonly kind: "reset"; readonly after?: boolean }
  /** Promises the whole body and ends the connection in its middle. */
  | { readonly kind: "truncated" }
  /** Sends half of the body as if it were all. */
  | { readonly kind: "halved" }
  /** Sends headers and half of the body, then nothing. */
  | { readonly kind: "stalled" }
  /** Takes the request and says nothing. */
  | { readonly kind: "silent" };

/** What a server saw of its clients' connections. */
export interface Traffic {
  underWay: number;
  /** The most requests that were under way at the same time. */
  most: number;
  sockets: number;
}

export async function readRequest(incoming: IncomingMessage): Promise<SeenRequest> {
  const url = new URL(`http://registry${incoming.url ?? "/"}`);
  return {
    method: incoming.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers as Record<string, string | undefined>,
    body: Buffer.concat(await incoming.toArray()),
  };
}

/** Sends what `real` makes, or does what the fault says. */
export function respond(
  method: string,
  response: ServerResponse,
  fault: Fault | undefined,
  real: () => Answer,
): void {
  if (fault?.kind === "silent") return;
  if (fault?.kind === "reset") {
    if (fault.after === true) real();
    response.socket?.destroy();
    return;
  }
  const answer = fault?.kind === "answer" ? fault.answer(real) : real();
  const { status, headers } = answer;
  const whole = Buffer.from(answer.body ?? "");
  const body = fault?.kind === "halved" ? whole.subarray(0, whole.length / 2) : whole;
  response.writeHead(status, { "content-length": body.length, ...headers });
  if (fault?.kind === "truncated" || fault?.kind === "stalled") {
    const cut = fault.kind === "truncated" ? () => response.socket?.destroy() : undefined;
    response.write(body.subarray(0, body.length / 2), cut);
    return;
  }
  response.end(method === "HEAD" ? undefined : body);
}

/** Counts requests under way and connections from now on. */
export function watchTraffic(server: Server): Traffic {
  const traffic: Traffic = { underWay: 0, most: 0, sockets: 0 };
  server.on("connection", () => {
    traffic.sockets += 1;
  });
  server.on("request", (_: IncomingMessage, response: ServerResponse) => {
    traffic.underWay += 1;
    traffic.most = Math.max(traffic.most, traffic.underWay);
    response.once("close", () => {
      traffic.underWay -= 1;
    });
  });
  return traffic;
}

/** Listens on a free port, and gives the host as references spell it; nothing waits for a server that nobody has stopped. */
export async function listen(server: Server, address = "127.0.0.1"): Promise<string> {
  server.listen(0, address).unref();
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
