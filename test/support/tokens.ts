/** Tokens that registries believe: what they hold, who signs them, and what a request needs of one. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { testKeys } from "./certificates.ts";
import type { SeenRequest } from "./faulty-server.ts";

/** One entry of a token's claim `access`. */
export interface Access {
  readonly type: "repository";
  readonly name: string;
  readonly actions: readonly string[];
  /** What GitLab says of the project. */
  readonly meta?: object;
}

/** Who signs tokens, and how their header names the key. */
export interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly header: object;
}

/** A key that comes with its certificate in each token. */
export function certifiedSigner(): Signer {
  const { privateKey, publicKey, certificate } = testKeys();
  const der = new X509Certificate(certificate).raw.toString("base64");
  return { privateKey, publicKey, header: { typ: "JWT", alg: "RS256", x5c: [der] } };
}

let made: KeyObject | undefined;

/** A key as GitLab has it: RSA of 4096 bits, named as libtrust names keys (lib/json_web_token/rsa_token.rb). */
export function gitlabSigner(pem?: string): Signer {
  made ??= generateKeyPairSync("rsa", { modulusLength: 4096 }).privateKey;
  const privateKey = pem === undefined ? made : createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: "spki", format: "der" });
  const name = base32(createHash("sha256").update(der).digest().subarray(0, 30));
  const kid = name.replace(/.{4}(?=.)/g, "$&:");
  return { privateKey, publicKey, header: { typ: "JWT", alg: "RS256", kid } };
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return bits.replace(/.{5}/g, (five) => letters[Number.parseInt(five, 2)] ?? "");
}

/** The key as a set of keys (RFC 7517, 5). */
export function keySet({ publicKey, header }: Signer): string {
  const { alg, kid } = header as { readonly alg?: string; readonly kid?: string };
  return JSON.stringify({
    keys: [{ ...publicKey.export({ format: "jwk" }), use: "sig", alg, kid }],
  });
}

/** A JSON Web Token (RFC 7519) with these claims. */
export function sign({ privateKey, header }: Signer, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey).toString("base64url")}`;
}

const verified = new Map<string, readonly Access[]>();

/** What a request's token grants; `undefined` where there is none, or it is not of this key. */
export function accessOf({ headers }: SeenRequest, publicKey: KeyObject) {
  const token = /^Bearer (.+)$/.exec(headers["authorization"] ?? "")?.[1] ?? "";
  const known = verified.get(token);
  if (known !== undefined) return known;
  const [header = "", body = "", signature = ""] = token.split(".");
  const verify = createVerify("RSA-SHA256").update(`${header}.${body}`);
  if (!verify.verify(publicKey, Buffer.from(signature, "base64url"))) return undefined;
  const access: readonly Access[] = JSON.parse(Buffer.from(body, "base64url").toString()).access;
  verified.set(token, access ?? []);
  return access ?? [];
}

/** Where a registry sends those who have no token for what they ask. */
export interface Place {
  readonly realm: string;
  readonly service: string;
}

/** The challenge for a request that these grants do not allow, as distribution words it. */
export function challengeFor(
  request: SeenRequest,
  access: readonly Access[] | undefined,
  { realm, service }: Place,
): string | undefined {
  const needed = neededAccess(request);
  const isAllowed = needed.every(({ name, actions }) =>
    actions.every((action) =>
      access?.some((entry) => entry.name === name && entry.actions.includes(action)),
    ),
  );
  if (access !== undefined && isAllowed) return undefined;
  const scope = needed.map(({ name, actions }) => `repository:${name}:${actions.join(",")}`);
  return `Bearer realm="${realm}",service="${service}",scope="${scope.join(" ")}"`;
}

function neededAccess({ method, path, query }: SeenRequest): readonly Access[] {
  const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(path)?.[1];
  if (name === undefined) return [];
  const reads = method === "GET" || method === "HEAD";
  const isUpload = path.includes("/blobs/uploads/");
  const actions = reads
    ? ["pull"]
    : method === "DELETE" && !isUpload
      ? ["delete"]
      : ["pull", "push"];
  const from = query.get("from");
  const source =
    from === null ? [] : [{ type: "repository" as const, name: from, actions: ["pull"] }];
  return [{ type: "repository", name, actions }, ...source];
}
