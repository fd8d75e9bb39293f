/** The place where engines are tried: a registry, a base image, and builds that tidy up after themselves. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BuildRequest, Engine } from "../../src/build/engine.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { createRunner } from "../../src/host/run.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { Clock, Files, Run } from "../../src/world.ts";
import { pushBusybox } from "../support/bases.ts";
import { type FileTree, imageTree } from "../support/filetree.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";
import { recipeOf } from "../support/recipe.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

/** What an engine under test is made from. */
export interface Parts {
  readonly run: Run;
  readonly files: Files;
  readonly clock: Clock;
  /** Holds everything that the engine may leave behind; also its HOME. */
  readonly folder: string;
}

export interface Subject {
  readonly engine: Engine;
  /** Whether this version of the program builds Dockerfiles with heredocs. */
  readonly heredocs: boolean;
  /** Whether the cache that a build leaves also holds what that build took from one. */
  readonly handsOn: boolean;
  /** Makes the engine forget all its images and layers, as a fresh machine has none. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

type ContextFile = string | { readonly link: string } | { readonly script: string };

interface Wanted extends Partial<Omit<BuildRequest, "secrets">> {
  readonly context?: Readonly<Record<string, ContextFile>>;
  readonly repository: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly auth?: string;
}

export const clock: Clock = { now: () => new Date(), sleep: (milliseconds) => sleep(milliseconds) };

/** What the tests of a contract share; its values are there once the tests run. */
export interface Workshop {
  readonly subject: () => Subject;
  readonly make: (parts: Parts) => Promise<Subject>;
  /** The open registry. */
  readonly host: () => string;
  /** A base image with busybox, by its digest. */
  readonly base: () => string;
  readonly folder: () => string;
  readonly build: (wanted: Wanted, engine?: Engine) => Promise<{ readonly digest: Digest }>;
  /** Lays out a request and does something with it. */
  readonly work: <T>(wanted: Wanted, doing: (request: BuildRequest) => Promise<T>) => Promise<T>;
  readonly tree: (repository: string, digest: Digest) => Promise<FileTree>;
}

interface OpenRegistry {
  readonly host: string;
  stop(): Promise<void>;
}

/** Opens a workshop for the tests of one file and closes it after them; its registry is in memory where none is named. */
export function openWorkshop(
  make: (parts: Parts) => Promise<Subject>,
  startRegistry: () => Promise<OpenRegistry> = startMemoryRegistry,
): Workshop {
  let folder: Folder;
  let registry: OpenRegistry;
  let subject: Subject;
  let base: string;
  before(async () => {
    folder = await temporaryFolder("berth-engine-");
    registry = await startRegistry();
    base = `${registry.host}/bases/busybox@${await pushBusybox(registry.host)}`;
    const { run } = createRunner(2000);
    subject = await make({ run, files: realFiles(), clock, folder: folder.path });
  });
  after(async () => {
    const ends = [() => subject?.stop(), () => registry?.stop(), () => folder?.remove()];
    const failures: unknown[] = [];
    for (const end of ends) await Promise.resolve(end()).catch((error) => failures.push(error));
    assert.deepEqual(failures, []);
  });
  return {
    subject: () => subject,
    make,
    host: () => registry.host,
    base: () => base,
    folder: () => folder.path,
    build: async (wanted, engine = subject.engine) => ({
      digest: await withRequest(folder.path, registry.host, wanted, engine.build),
    }),
    work: (wanted, doing) => withRequest(folder.path, registry.host, wanted, doing),
    tree: (repository, digest) => imageTree(registry.host, repository, digest),
  };
}

async function withRequest<T>(
  folder: string,
  host: string,
  wanted: Wanted,
  doing: (request: BuildRequest) => Promise<T>,
): Promise<T> {
  const { context = {}, repository, secrets = {}, auth = '{"auths":{}}', ...request } = wanted;
  const own = await mkdtemp(join(folder, "build-"));
  try {
    const at = (...names: readonly string[]) => join(own, ...names);
    await mkdir(at("context"));
    await mkdir(at("scratch"), { mode: 0o700 });
    for (const [path, file] of Object.entries(context)) await put(at("context", path), file);
    for (const [id, value] of Object.entries({ ...secrets })) await put(at("secret", id), value);
    await put(at("auth", "config.json"), auth);
    const dockerfile = request.dockerfile ?? "";
    return await doing({
      name: repository,
      dockerfile,
      ...readOf(dockerfile, request.args ?? {}),
      contextFolder: at("context"),
      scratchFolder: at("scratch"),
      args: {},
      target: undefined,
      platform: process.arch === "x64" ? "linux/amd64" : `linux/${process.arch}`,
      secrets: Object.keys(secrets).map((id) => ({ id, file: at("secret", id) })),
      destination: { host, path: repository, tag: "t" },
      cacheFrom: [],
      cacheTo: undefined,
      noCache: false,
      cacheSince: undefined,
      authFile: at("auth", "config.json"),
      insecureHosts: [host],
      hide: (text) => text,
      onLine: () => {},
      ...request,
    });
  } finally {
    await rm(own, { recursive: true });
  }
}

/** What is told of the text where all of it is needed; one with mistakes has no stages. */
function readOf(text: string, args: Readonly<Record<string, string>>) {
  const file = "debian.docker";
  const lines = text.split("\n").map((_, index) => index + 1);
  try {
    const { stages, traits, notes } = recipeOf(text, { file, args });
    return { source: { file, lines, stages }, traits, notes, mounted: [] };
  } catch {
    const none = {
      heredocs: false,
      runHeredocs: false,
      binds: false,
      expandsArgs: false,
      onScratch: false,
    };
    return { source: { file, lines, stages: [] }, traits: none, notes: [], mounted: [] };
  }
}

async function put(path: string, file: ContextFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (typeof file === "string") await writeFile(path, file);
  else if ("link" in file) await symlink(file.link, path);
  else await writeFile(path, file.script, { mode: 0o755 });
}

export async function failure(action: Promise<unknown>, code: ErrorCode): Promise<BerthError> {
  const error = await action.then(
    () => assert.fail(`expected ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BerthError, String(error));
  assert.equal(error.code, code, `${error.message} (${error.cause})`);
  return error;
}
