/** Answers that are not what was asked for. */
import { all } from "./clients.ts";
import { always, found, header, instead, other, playAll, reply } from "./faults.ts";

playAll("a registry that answers wrongly", [
  {
    name: "a wrong digest header",
    fault: always(header("docker-content-digest", other.manifest.descriptor.digest)),
    fails: /get manifest .*: the registry says sha256:\w+, expected sha256:/,
    code: "MANIFEST_INVALID",
    requests: 1,
  },
  {
    name: "a digest header that is none",
    fault: always(header("docker-content-digest", "sha256:../../x")),
    fails: /names no sha256 digest/,
    code: "MANIFEST_INVALID",
    requests: 1,
  },
  {
    name: "another manifest than the digest that was asked for",
    fault: always({
      kind: "answer",
      answer: () => ({
        status: 200,
        headers: { "content-type": other.manifest.descriptor.mediaType },
        body: Buffer.from(other.manifest.bytes),
      }),
    }),
    run: ({ client, repository }) => client.get({ ...repository, digest: found.digest }),
    fails: /get manifest .*@sha256:\w+: the bytes have sha256:/,
    code: "MANIFEST_INVALID",
    requests: 1,
  },
  {
    name: "a content type that disagrees with the manifest",
    fault: always(header("content-type", "application/vnd.oci.image.index.v1+json")),
    fails: /read manifest .*: it calls itself/,
    code: "MANIFEST_INVALID",
    requests: 1,
  },
  {
    name: "HEAD without a digest",
    fault: ({ method, path }) =>
      method === "HEAD" && path.includes("/manifests/")
        ? instead({ status: 200, headers: { "content-type": found.mediaType } })
        : undefined,
    run: ({ client, reference }) => client.head(reference),
    gives: found,
    requests: 2,
  },
  {
    name: "a tag whose manifest is gone",
    run: ({ client, registry, reference }) => {
      registry.repositories.get("group/image")?.manifests.clear();
      return Promise.all([client.head(reference), client.get(reference)]);
    },
    gives: [undefined, undefined],
    requests: 2,
  },
  {
    name: "pages of tags in a circle",
    fault: always(header("link", '</v2/group/image/tags/list?n=1000>; rel="next"')),
    run: ({ client, repository }) => all(client.tags(repository)),
    fails: /list tags of .*: its pages go in a circle/,
    code: "REGISTRY_REFUSED",
    requests: 1,
  },
  {
    name: "a next page on another host",
    fault: always(header("link", '<http://example.com/v2/x/tags/list>; rel="next"')),
    run: ({ client, repository }) => all(client.tags(repository)),
    fails: /list tags of .*: its next page is elsewhere/,
    code: "REGISTRY_REFUSED",
    requests: 1,
  },
  {
    name: "tags that are null",
    fault: always(reply({ body: '{"name":"x","tags":null}' })),
    run: ({ client, repository }) => all(client.tags(repository)),
    gives: [],
    requests: 1,
  },
  {
    name: "tags that are something else",
    fault: always(reply({ body: '{"tags":[1]}' })),
    run: ({ client, repository }) => all(client.tags(repository)),
    fails: /the answer is no list of tags/,
    code: "REGISTRY_REFUSED",
    requests: 1,
  },
]);
