/** One repository of GitLab's registry, asked by one token, without berth's client. */
import assert from "node:assert/strict";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/manifest.ts";
import { gitlabToken } from "../support/gitlab-tokens.ts";
import type { Stand } from "./gitlab-stand.ts";

const { ociManifest, ociIndex, ociConfig } = mediaTypes;

/** One repository, by one token. */
export class Bench {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ host, prefix, signer }: Stand, path: string, meta: object) {
    const name = `${prefix}${path}`;
    this.#url = new URL(`http://${host}/v2/${name}/`);
    const actions = ["pull", "push", "delete"];
    const token = gitlabToken(signer, "berth", [{ type: "repository", name, actions, meta }]);
    this.#headers = { authorization: `Bearer ${token}` };
  }

  send(method: string, path: string, more: RequestInit = {}): Promise<Response> {
    const headers = { ...this.#headers, ...(more.headers as Record<string, string> | undefined) };
    return fetch(new URL(path, this.#url), { ...more, method, headers });
  }

  /** Puts a manifest; its digest is said where it was taken. */
  async put(reference: string, document: Document): Promise<string> {
    const headers = { "content-type": document.mediaType };
    const body = JSON.stringify(document);
    return said(await this.send("PUT", `manifests/${reference}`, { headers, body }));
  }

  async get(reference: string, accept = `${ociManifest}, ${ociIndex}`): Promise<string> {
    return said(await this.send("GET", `manifests/${reference}`, { headers: { accept } }));
  }

  async delete(reference: string): Promise<string> {
    return said(await this.send("DELETE", `manifests/${reference}`));
  }

  /** An image whose one blob is in the repository; another note gives another digest. */
  async image(note = "", more: object = {}): Promise<Document> {
    const opened = await this.send("POST", "blobs/uploads/");
    const to = new URL(opened.headers.get("location") ?? "", this.#url);
    to.searchParams.set("digest", digestOf("{}"));
    const headers = { "content-type": "application/octet-stream" };
    assert.equal((await this.send("PUT", to.href, { headers, body: "{}" })).status, 201);
    return imageWith(note, more);
  }

  /** So many tags `t000`, ... of one image. */
  async tagged(count: number): Promise<void> {
    const image = await this.image();
    for (let number = 0; number < count; number++)
      assert.equal(await this.put(`t${String(number).padStart(3, "0")}`, image), "201");
  }

  /** How many tags a page has, whether another follows, and what an empty one is. */
  async page(query: string): Promise<string> {
    const answer = await this.send("GET", `tags/list${query}`);
    const { tags } = (await answer.json()) as { readonly tags: readonly string[] | null };
    const next = answer.headers.has("link") ? "and more" : "and no more";
    return `${answer.status} ${tags === null ? "null" : tags.length} ${next}`;
  }
}

export interface Document {
  readonly mediaType: string;
}

export function imageWith(note: string, more: object = {}): Document {
  const config = { mediaType: ociConfig, digest: digestOf("{}"), size: 2 };
  const annotations = { note };
  return {
    schemaVersion: 2,
    mediaType: ociManifest,
    config,
    layers: [],
    annotations,
    ...more,
  } as Document;
}

export function indexOf(documents: readonly Document[], more: object = {}): Document {
  const manifests = documents.map((document) => descriptorOf(document));
  return { schemaVersion: 2, mediaType: ociIndex, manifests, ...more } as Document;
}

export function descriptorOf(document: Document) {
  const text = JSON.stringify(document);
  const platform = { os: "linux", architecture: "amd64" };
  return { mediaType: document.mediaType, digest: digestOf(text), size: text.length, platform };
}

/** The status, and the codes of the error; a 401 with a challenge says so. */
export async function said(answer: Response): Promise<string> {
  const text = await answer.text();
  const isRefused = answer.status >= 400 && text.startsWith("{");
  const errors: readonly { readonly code: string }[] = isRefused ? JSON.parse(text).errors : [];
  const codes = new Set(errors.map(({ code }) => code));
  const challenge = answer.headers.has("www-authenticate") ? ["and a challenge"] : [];
  return [answer.status, ...[...codes].sort(), ...challenge].join(" ");
}
