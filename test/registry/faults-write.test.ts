/** Redirects, uploads and copies that go wrong. */
import assert from "node:assert/strict";
import { refuse } from "../support/memory-registry.ts";
import { type Case, image, instead, playAll } from "./faults.ts";

playAll("a registry that sends us elsewhere or takes half", [
  {
    name: "a 500 that names what is wrong with the request, as GitLab's does in a new repository",
    fault: ({ method }) =>
      method === "PUT"
        ? instead({
            status: 500,
            body: JSON.stringify({
              errors: [
                { code: "UNKNOWN", message: "unknown error" },
                { code: "MANIFEST_BLOB_UNKNOWN", message: "blob unknown to registry" },
                { code: "MANIFEST_BLOB_UNKNOWN", message: "blob unknown to registry" },
              ],
            }),
          })
        : undefined,
    run: ({ client, repository }) => client.put({ ...repository, tag: "two" }, image.manifest),
    fails:
      /put manifest .*: 500 UNKNOWN: unknown error; MANIFEST_BLOB_UNKNOWN: blob unknown to registry$/,
    code: "REGISTRY_REFUSED",
    requests: 1,
  },
  {
    name: "an upload that goes on elsewhere",
    fault: ({ method, path }, _, elsewhere) =>
      method === "POST"
        ? instead({ status: 202, headers: { location: `http://${elsewhere}${path}evil?a=b` } })
        : undefined,
    run: ({ client, repository, elsewhere }) => {
      elsewhere.openUploads.set("evil", "group/image");
      return client.putBlob(repository, Buffer.from("new"));
    },
    gives: "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
    requests: 2,
    check: ({ elsewhere }) => assert.equal(elsewhere.log.length, 1),
  },
  {
    name: "an upload that goes on at a file",
    fault: ({ method }) =>
      method === "POST"
        ? instead({ status: 202, headers: { location: "file:///etc/passwd" } })
        : undefined,
    run: ({ client, repository }) => client.putBlob(repository, Buffer.from("new")),
    fails: /open upload to .*: the registry gives an address that is not http to upload to/,
    code: "REGISTRY_REFUSED",
    requests: 2,
  },
  ...([202, 400] as const).map(
    (mounts): Case => ({
      name: `a mount that is answered ${mounts}`,
      registry: { mounts },
      run: async ({ client, reference, repository }) => {
        const to = { ...repository, path: "group/copy" };
        const { mounted, streamedBytes } = await client.copy(reference, to, ["one"]);
        return { mounted, streamed: streamedBytes > 0 };
      },
      gives: { mounted: 0, streamed: true },
      // GET; for each of 3 blobs: mount, HEAD, (POST,) GET, PUT; PUT.
      requests: 2 + 3 * (mounts === 202 ? 4 : 5),
      check: ({ registry }) => assert.equal(registry.openUploads.size, 0),
    }),
  ),
  {
    name: "a mount that leaves an upload, and a registry that then says no",
    registry: { mounts: 202 },
    fault: ({ method, path }) =>
      method === "HEAD" && path.includes("/blobs/") ? instead(refuse(403, "DENIED")) : undefined,
    run: ({ client, reference, repository }) =>
      client.copy(reference, { ...repository, path: "group/copy" }, ["one"]),
    fails: /head blob .*: 403$/,
    code: "REGISTRY_DENIED",
    // GET; for each of 3 blobs: mount, HEAD, and the upload given back.
    requests: 9 + 1,
    check: ({ registry }) => assert.equal(registry.openUploads.size, 0),
  },
]);
