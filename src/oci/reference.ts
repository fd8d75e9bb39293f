/** Names of images: the grammar of the distribution specification and of Docker's references. */
import { BerthError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";

/** A repository on a registry, such as `registry.example.com/qemu/debian`. */
export interface Repository {
  /** Host with its port where it has one, such as `127.0.0.1:5000`. */
  readonly host: string;
  /** Path below the host, lower case, such as `qemu-project/qemu/debian`. */
  readonly path: string;
}

/** A repository with a tag or a digest; a digest wins where both are given. */
export interface Reference extends Repository {
  readonly tag?: string;
  readonly digest?: Digest;
}

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const hostPattern = new RegExp(
  `^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`,
);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

export function isRepositoryPath(text: string): boolean {
  return text.length <= 255 && pathPattern.test(text);
}

export function isHost(text: string): boolean {
  // Ports above 65535, and names that end like an address but are none, lead nowhere.
  return hostPattern.test(text) && URL.canParse(`http://${text}`);
}

/** Is this machine meant, by a host or `host:port`? Docker speaks plain http to such registries. */
export function isLoopbackHost(host: string): boolean {
  const name = new URL(`http://${host}`).hostname;
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Reads `host/path`; unlike an image reference, the host must be written. */
export function parseRepository(text: string): Repository {
  const slash = text.indexOf("/");
  const host = text.slice(0, Math.max(slash, 0));
  const path = text.slice(slash + 1);
  if (slash < 1 || !isHost(host) || !isRepositoryPath(path)) {
    throw new BerthError(
      "REFERENCE_INVALID",
      `read repository ${JSON.stringify(text)}: not host/path`,
      {
        hint: "write it as registry.example.com/group/project, in lower case, without a tag",
      },
    );
  }
  return { host, path };
}

/**
 * Reads an image reference as Docker does: no host means `docker.io`, no namespace there `library/`,
 * neither tag nor digest means `latest`.
 *
 * Grammar: https://pkg.go.dev/github.com/distribution/reference
 */
export function parseReference(text: string): Reference {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const { host, path } = splitHost(hasTag ? named.slice(0, colon) : named);
  const invalid =
    (at >= 0 && digest === undefined) ||
    (tag !== undefined && !isTag(tag)) ||
    !isHost(host) ||
    !isRepositoryPath(path);
  if (invalid) {
    throw new BerthError(
      "REFERENCE_INVALID",
      `read image reference ${JSON.stringify(text)}: invalid`,
      {
        hint: "an image reference is [host/]path[:tag][@sha256:digest], its path in lower case",
      },
    );
  }
  if (digest !== undefined) return { host, path, ...(tag === undefined ? {} : { tag }), digest };
  return { host, path, tag: tag ?? "latest" };
}

/** Whether a text begins with a registry's host. Where capitals stand it is a path on GitLab: no registry's has any. */
export function beginsWithHost(text: string): boolean {
  const name = text.replace(/[:@][^/]*$/, "");
  const [first = ""] = text.split("/");
  const isHost = /[.:]/.test(first) || first === "localhost";
  return text.includes("/") && isHost && name === name.toLowerCase();
}

function splitHost(name: string): Repository {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (slash > 0 && isRegistry) {
    const host = first === "index.docker.io" ? "docker.io" : first;
    return { host, path: official(host, name.slice(slash + 1)) };
  }
  return { host: "docker.io", path: official("docker.io", name) };
}

function official(host: string, path: string): string {
  return host === "docker.io" && !path.includes("/") ? `library/${path}` : path;
}

export function printRepository(repository: Repository): string {
  return `${repository.host}/${repository.path}`;
}

export function printReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${printRepository(reference)}${digest === "" ? tag : digest}`;
}

/** The same repository under a tag. */
export function withTag(repository: Repository, tag: string): Reference {
  if (!isTag(tag)) {
    throw new BerthError(
      "REFERENCE_INVALID",
      `tag ${printRepository(repository)} as ${JSON.stringify(tag)}: not a tag`,
      {
        hint: "a tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'",
      },
    );
  }
  return { host: repository.host, path: repository.path, tag };
}

/** The same repository under a digest. */
export function withDigest(repository: Repository, digest: Digest): Reference {
  return { host: repository.host, path: repository.path, digest };
}

/** Whether a repository lies below a base. */
export function isInside({ host, path }: Repository, base: Repository): boolean {
  return host === base.host && path.startsWith(`${base.path}/`);
}

/** A repository below another, by a relative path. */
export function below(base: Repository, path: string): Repository {
  return parseRepository(`${base.host}/${base.path}/${path}`);
}
