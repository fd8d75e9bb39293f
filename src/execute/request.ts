/** What an engine is asked for: context, logins and secrets in files, nothing of value in arguments. */
import { resolve } from "node:path/posix";
import { type BuildRequest, cacheTag } from "../engine/engine.ts";
import { BerthError } from "../errors.ts";
import type { Material } from "../image/identify.ts";
import { parseReference, type Repository, withTag } from "../oci/reference.ts";
import { isFromScratch, type PlannedImage } from "../plan/plan.ts";
import { isLoopbackHost } from "../registry/origin.ts";
import type { Tools } from "./tools.ts";

/** The tag that engines push to in runs that protected pipelines may not believe. */
export const untrustedCacheTag = "try-cache";

/** Lays out what the engine reads of one build in a private folder, and says what to do with it. */
export async function requestFor(
  image: PlannedImage,
  material: Material,
  dockerfile: string,
  repository: Repository,
  scratch: string,
  tools: Tools,
): Promise<Omit<BuildRequest, "onLine">> {
  const contextFolder = `${scratch}/context`;
  await tools.unpack(material.contextTar, contextFolder);
  const hosts = new Set([
    repository.host,
    ...material.recipe.uses.map(({ reference }) => hostOf(reference)),
  ]);
  const upstream = tools.situation.upstream;
  if (upstream !== undefined) hosts.add(upstream.host);
  const authFile = `${scratch}/auth/config.json`;
  await tools.files.write(
    authFile,
    await tools.authFile([...hosts].filter((host) => host !== "")),
    0o600,
  );
  return {
    name: image.name,
    dockerfile,
    contextFolder,
    scratchFolder: scratch,
    args: material.recipe.args,
    target: material.recipe.target,
    platform: image.platform,
    secrets: await secretFiles(image, scratch, tools),
    destination: withTag(repository, tools.situation.trusted ? cacheTag : untrustedCacheTag),
    cacheFrom: cacheSources(repository, tools),
    cacheTo: tools.situation.trusted ? repository : undefined,
    noCache: isFromScratch(image.decision),
    authFile,
    insecureHosts: [...tools.insecureHosts, ...[...hosts].filter(isLoopback)],
  };
}

/** Own layers before upstream's, whose repository has the same path below its base. */
function cacheSources(repository: Repository, { situation }: Tools): readonly Repository[] {
  const { own, upstream } = situation;
  if (own === undefined || upstream === undefined) return [repository];
  const path = `${upstream.path}${repository.path.slice(own.path.length)}`;
  return [repository, { host: upstream.host, path }];
}

/** A base on this machine, which Docker too pulls without TLS. */
function isLoopback(host: string): boolean {
  return host !== "" && isLoopbackHost(host);
}

function hostOf(reference: string): string {
  try {
    return parseReference(reference).host;
  } catch {
    return "";
  }
}

async function secretFiles(
  image: PlannedImage,
  scratch: string,
  tools: Tools,
): Promise<BuildRequest["secrets"]> {
  return Promise.all(
    image.secrets.map(async (secret) => {
      const file = `${scratch}/secrets/${secret.id}`;
      const value =
        "env" in secret
          ? tools.env[secret.env]
          : await tools.files.read(resolve(tools.root, secret.file));
      if (value === undefined)
        throw missingSecret(
          image,
          "env" in secret
            ? `variable ${secret.env} is not set`
            : `file ${secret.file} is not there`,
        );
      await tools.files.write(file, value, 0o600);
      return { id: secret.id, file };
    }),
  );
}

function missingSecret(image: PlannedImage, what: string): BerthError {
  return new BerthError(
    "SECRET_MISSING",
    `build ${image.name}: ${what}, which one of its secrets is read from`,
    {
      hint: "set it in the project's CI/CD variables, or take the secret out of berth.yml",
    },
  );
}
