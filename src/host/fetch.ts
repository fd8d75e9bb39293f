/**
 * The network by Node's `http` module, which starts in a quarter of the time of its `fetch`.
 *
 * Node's shared agents keep connections alive, and follow NODE_USE_ENV_PROXY, NODE_EXTRA_CA_CERTS and
 * their like. In a GitLab job the authority of its server is trusted too.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { FetchHeaders, FetchInit, FetchResponse } from "../world.ts";

/** One exchange, redirects not followed; where it fails, the system's code is on the error. */
export async function httpFetch(url: URL, init: FetchInit): Promise<FetchResponse> {
  const { method, signal, body } = init;
  if (url.protocol === "https:") trustServer();
  // `import` would read all that the module offers, and with it load what `fetch` is made of.
  const { request } = process.getBuiltinModule(
    url.protocol === "https:" ? "node:https" : "node:http",
  );
  const asked = request(url, { method, headers: { "user-agent": "berth", ...init.headers } });
  // Node's own option also watches for the end of each request, after which the signal means nothing here.
  signal.addEventListener("abort", () => asked.destroy(ended()), { once: true });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once("response", resolve);
    // Stays on: what goes wrong after the answer is told by the answer's body.
    asked.on("error", reject);
  });
  if (body === undefined || body instanceof Uint8Array) asked.end(body);
  else void sendPieces(asked, answer, body);
  return responseOf(await answer, method);
}

function ended(): Error {
  return Object.assign(new Error("the request was ended"), { code: "ABORT_ERR" });
}

let isServerTrusted = false;

/** The runner names a file with the certificates of GitLab's own server (gitlab runner: CI_SERVER_TLS_CA_FILE). */
function trustServer(): void {
  if (isServerTrusted) return;
  isServerTrusted = true;
  const file = process.env["CI_SERVER_TLS_CA_FILE"];
  if (file === undefined || file === "") return;
  const tls = process.getBuiltinModule("node:tls");
  try {
    const given = process.getBuiltinModule("node:fs").readFileSync(file, "utf8");
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), given]);
  } catch {
    // Without it a private authority is told as such by the first request.
  }
}

/** Sends a body as it comes, until the server has answered; its failure is the request's. */
async function sendPieces(
  asked: ClientRequest,
  answer: Promise<IncomingMessage>,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  let early: IncomingMessage | undefined;
  answer.then(
    (message) => {
      early = message;
    },
    () => undefined,
  );
  try {
    for await (const piece of pieces) {
      if (early !== undefined || asked.destroyed) break;
      if (!asked.write(piece)) await drained(asked);
    }
  } catch (error) {
    asked.destroy(error as Error);
    return;
  }
  // Half a body was sent, so nothing else can be on this connection.
  if (early === undefined) asked.end();
  else if (early.readableEnded) asked.destroy();
  else early.once("end", () => asked.destroy());
}

function drained(asked: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const events = ["drain", "close", "response"];
    const done = () => {
      for (const event of events) asked.off(event, done);
      resolve();
    };
    for (const event of events) asked.on(event, done);
  });
}

function responseOf(message: IncomingMessage, method: string): FetchResponse {
  const status = message.statusCode ?? 0;
  const headers: FetchHeaders = {
    get: (name) => textOf(message.headers[name]),
    has: (name) => message.headers[name] !== undefined,
  };
  const encoding = headers.get("content-encoding") ?? "identity";
  const isPlain = encoding === "identity" || method === "HEAD";
  const body = isPlain ? message : decoded(message, encoding);
  return { status, ok: status >= 200 && status < 300, headers, body };
}

function textOf(value: string | readonly string[] | undefined): string | null {
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}

/** Some proxies compress although nobody asked them to; what is of no known form is refused by its digest or its syntax. */
function decoded(message: IncomingMessage, encoding: string): AsyncIterable<Uint8Array> {
  if (!/^(?:(?:x-)?gzip|deflate|br)$/i.test(encoding)) return message;
  const { createBrotliDecompress, createUnzip } = process.getBuiltinModule("node:zlib");
  const { pipeline } = process.getBuiltinModule("node:stream");
  const decoder = /^br$/i.test(encoding) ? createBrotliDecompress() : createUnzip();
  return pipeline(message, decoder, () => undefined);
}
