/** What the texts in a configuration must look like; each rule says what is wrong, or `undefined`. */
import { cleanPath, leadsOut } from "../context/paths.ts";
import { ownMember } from "../json.ts";
import { architectures } from "../oci/platform.ts";
import { isHost, isRepositoryPath, isTag } from "../oci/reference.ts";
import { isReserved } from "../oci/tags.ts";
import { globMistake, isGlob } from "./glob.ts";

export type Rule = (text: string) => string | undefined;

/** How architectures are called elsewhere. */
export const otherNames: Readonly<Record<string, string>> = {
  aarch64: "arm64",
  armhf: "arm/v7",
  i386: "386",
  i686: "386",
  loongarch64: "loong64",
  x86_64: "amd64",
};

export const prefixRule: Rule = (text) =>
  /^[A-Z][A-Z0-9_]*$/.test(text)
    ? undefined
    : "a prefix is a capital letter, then capital letters, digits and _";

export const upstreamRule: Rule = (text) => {
  if (/^[a-z]+:\/\//i.test(text)) return "write it without https://";
  const [host = "", ...rest] = text.split("/");
  if (/:/.test(host)) return registryRule(text);
  const names = [host, ...rest];
  return names.every((name) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name))
    ? undefined
    : "write a GitLab namespace or project path, such as qemu-project, or host/path of a registry";
};

export const registryRule: Rule = (text) => {
  const slash = text.indexOf("/");
  const valid =
    slash > 0 && isHost(text.slice(0, slash)) && isRepositoryPath(text.slice(slash + 1));
  return valid ? undefined : "write host/path in lower case, such as registry.example.com/qemu";
};

export const hostRule: Rule = (text) =>
  isHost(text) ? undefined : "write a host, with its port if it has one, such as 127.0.0.1:5000";

export const repositoryRule: Rule = (text) => {
  const mistake = templateMistake(text);
  if (mistake !== undefined) return mistake;
  if (!isRepositoryPath(text.replace("{name}", "x")))
    return "a repository is lower-case letters and digits, with . _ - between them and / between parts";
  if (text.startsWith("try/"))
    return "below try are the images of untrusted runs; take another folder";
  // It finds the project of a repository by its path, its parent's and its grandparent's (lib/container_registry/path.rb).
  return text.split("/").length > 2
    ? "GitLab takes repositories at most two levels below the project, such as folder/{name}"
    : undefined;
};

export const parentsRule: Rule = (text) => {
  if (/\s/.test(text)) return "an image reference has no white space";
  return templateMistake(text);
};

function templateMistake(text: string): string | undefined {
  const places = text.split("{name}");
  if (places.length !== 2) return "write {name} once, where the image's name belongs";
  return /[{}]/.test(places.join("")) ? "{name} is the only thing in braces" : undefined;
}

export const branchRule: Rule = (text) => {
  if (text === "{default}") return undefined;
  return text === "" || /[\s{}?[\\^~:]/.test(text)
    ? "write a branch, a glob with *, or {default}"
    : undefined;
};

/** As `branchRule`; `!` takes out what it matches. */
export const keptBranchRule: Rule = (text) => branchRule(text.replace(/^!/, ""));

/** Tags that berth writes itself must not be moved by a branch of that name. */
export const publishTagRule: Rule = (text) => {
  const tag = text.replace("{slug}", "x");
  if (!isTag(tag)) return "a tag is up to 128 letters, digits, _ . and -; {slug} may stand in it";
  return isReserved(tag)
    ? "berth keeps key<n>-…, set<n>-…, cache<n>, built<n> and 64 hex digits for itself"
    : undefined;
};

/** Platforms that engines read as another one, not all alike, and then say so in its ARGs. */
const plainNames = {
  "linux/amd64/v1": "linux/amd64",
  "linux/arm": "linux/arm/v7",
  "linux/arm64/v8": "linux/arm64",
};

export const platformRule: Rule = (text) => {
  const [os = "", architecture = "", ...variant] = text.split("/");
  const other = ownMember(otherNames, architecture || os);
  if (other !== undefined) return `write linux/${other}`;
  const plain = ownMember(plainNames, text);
  if (plain !== undefined) return `write ${plain}, which engines take it for`;
  const known =
    os === "linux" &&
    architectures.includes(architecture) &&
    /^(?:v[0-9]+)?$/.test(variant.join("/"));
  return known
    ? undefined
    : `a platform is linux/ and one of ${architectures.join(", ")}, such as linux/amd64 or linux/arm/v7`;
};

export const variableRule: Rule = (text) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)
    ? undefined
    : "a variable is letters, digits and _, no digit first";

export const secretIdRule: Rule = (text) =>
  /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text)
    ? undefined
    : "a secret's id is letters, digits, _ . and -";

export const pathRule: Rule = (text) => {
  if (text === "") return "a path is missing";
  if (text.startsWith("/")) return "write the path from the repository's top, without / before it";
  return normalPath(text) === undefined ? "the path leaves the repository" : undefined;
};

/** An entry of `images`: the path of one Dockerfile, or a glob. */
export const imagePathRule: Rule = (text) =>
  (isGlob(text) ? globMistake(text) : undefined) ?? pathRule(text);

/** Writes a path as git does (`""` for the top); `undefined` where it leaves the repository. */
export function normalPath(text: string): string | undefined {
  const path = cleanPath(`./${text}`);
  if (leadsOut(path)) return undefined;
  return path === "." ? "" : path;
}
