/** Pushes an image made of an id: `push --digestfile=F --authfile=A ID docker://HOST/PATH:TAG`. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const options = Object.fromEntries(
  process.argv.filter((text) => /^--\w+=/.test(text)).map((text) => text.slice(2).split(/=(.*)/s)),
);
const [id, destination] = process.argv.slice(-2);
const [, host, path, tag] = /^docker:\/\/([^/]+)\/(.+):([^:/]+)$/.exec(destination);
const { auths } = JSON.parse(readFileSync(options.authfile, "utf8"));
const headers = { authorization: `Basic ${auths[host].auth}`, "user-agent": "fake-buildah" };
const base = `http://${host}/v2/${path}`;
const digestOf = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function send(method, url, body) {
  const response = await fetch(url, { method, headers: { ...headers, ...body?.headers }, ...body });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
  return response;
}

async function pushBlob(mediaType, text) {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  const opened = await send("POST", `${base}/blobs/uploads/`);
  const location = new URL(opened.headers.get("location"), base);
  location.searchParams.set("digest", digest);
  await send("PUT", location, { body: bytes });
  return { mediaType, digest, size: bytes.length };
}

const docker = "application/vnd.docker";
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: `${docker}.distribution.manifest.v2+json`,
    config: await pushBlob(
      `${docker}.container.image.v1+json`,
      JSON.stringify({ architecture: "amd64", os: "linux", id }),
    ),
    layers: [await pushBlob(`${docker}.image.rootfs.diff.tar.gzip`, `layer of ${id}`)],
  }),
);
const type = `${docker}.distribution.manifest.v2+json`;
await send("PUT", `${base}/manifests/${tag}`, {
  body: manifest,
  headers: { ...headers, "content-type": type },
});
writeFileSync(options.digestfile, digestOf(manifest));
