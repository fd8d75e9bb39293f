/** Answers that are not what was asked for, or not from whom. */
import { gzipSync } from "node:zlib";
import { digestOf } from "../../../src/oci/digest.ts";
import { type Answer, type Fault, refuse } from "../../support/memory-registry.ts";
import { bodies, fails, good, manifests, of, streamed } from "./expect.ts";
import { playRows, type RequestRow } from "./runner.ts";

const wrong = digestOf("something else");
const invalid = fails("MANIFEST_INVALID");
const refused = fails("REGISTRY_REFUSED");

const instead = (answer: Answer) => (): Fault => ({ kind: "answer", answer: () => answer });
const changed = (change: (answer: Answer) => Answer) => (): Fault => ({
  kind: "answer",
  answer: (real) => change(real()),
});

function compressed({ status, headers, body = "" }: Answer): Answer {
  return { status, headers: { ...headers, "content-encoding": "gzip" }, body: gzipSync(body) };
}

playRows("wrong answers", [
  {
    name: "half of the bytes, and a length that says so",
    only: { kinds: bodies, because: "the answers to others have no body" },
    fault: () => ({ kind: "halved" }),
    expect: of(invalid, { list: refused }),
  },
  {
    name: "a wrong digest header",
    only: { kinds: manifests, because: "HEAD by tag has nothing to compare, blobs are hashed" },
    fault: changed((answer) => ({
      ...answer,
      headers: { ...answer.headers, "docker-content-digest": wrong },
    })),
    expect: of(invalid),
  },
  {
    name: "wrong bytes under the right header",
    only: { kinds: ["get", "get child", "get blob"], because: "others have no bytes to be wrong" },
    fault: changed((answer) => ({
      ...answer,
      body: Buffer.from(String(answer.body).replaceAll("a", "b")),
    })),
    expect: of(invalid),
  },
  {
    name: "a web page with 200",
    fault: instead({ status: 200, headers: { "content-type": "text/html" }, body: "<html>" }),
    expect: of(refused, { "get blob": invalid, mount: streamed, "refused mount": good() }),
  },
  {
    name: "bytes that are sent compressed",
    only: { kinds: ["head", ...bodies], because: "the answers to others have no body" },
    fault: changed(compressed),
    // The length in HEAD is not the manifest's, so it is asked for with GET.
    expect: of(good(), { head: good(1) }),
  },
  {
    name: "more bytes than such an answer can have",
    only: { kinds: ["head", ...bodies], because: "what the others answer is an error's text" },
    fault: changed((answer) => ({ ...answer, body: Buffer.alloc(4 * 1024 * 1024 + 1, " ") })),
    expect: of(invalid, { head: good(1), list: refused }),
  },
  {
    name: "404, and then it is there",
    fault: instead(refuse(404, "MANIFEST_UNKNOWN")),
    expect: ({ kind, index, operation }) => {
      if (kind === "mount") return streamed;
      if (kind === "refused mount" || kind === "head blob") return good();
      if (kind === "put blob") return good(5);
      const isAbsence = kind === "get" || kind === "head" || kind === "delete";
      if (isAbsence) return { result: operation.absence, more: 0 };
      // Only the first page speaks of the whole list.
      return kind === "list" && index === 0 ? { result: "absent", more: 0 } : refused;
    },
  },
  {
    name: "403 to one request",
    fault: instead(refuse(403, "DENIED", "no")),
    expect: of(fails("REGISTRY_DENIED"), { mount: streamed, "refused mount": good() }),
    isFinal: true,
  },
  {
    name: "416 to the bytes of an upload",
    only: { kinds: ["put blob"], because: "nothing else has a range" },
    fault: instead(refuse(416, "RANGE_INVALID")),
    expect: of(good(5)),
  },
  ...([400, 404, 405] as const).map(
    (status): RequestRow => ({
      name: `${status} to a mount`,
      like: status === 400 ? undefined : "400 to a mount",
      only: { kinds: ["mount", "refused mount"], because: "it is about mounts" },
      fault: instead(refuse(status, "UNSUPPORTED")),
      expect: of(streamed, { "refused mount": good() }),
    }),
  ),
  {
    name: "201 to a mount that was not made",
    only: { kinds: ["mount"], because: "it is about mounts" },
    fault: instead({ status: 201 }),
    // The child is refused for its blob that is not there.
    expect: of(fails("REGISTRY_REFUSED", 1)),
  },
  {
    name: "201 to a child that was not put",
    only: { kinds: ["put child"], because: "only an index refers to manifests" },
    fault: instead({ status: 201 }),
    expect: of(fails("REGISTRY_REFUSED", 1)),
  },
]);
