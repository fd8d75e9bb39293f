/** Opens the registry client: one session a host, and what a registry can do in terms of it. */
import pLimit from "p-limit";
import { BerthError } from "../errors.ts";
import type { Clock, Fetch } from "../world.ts";
import type { TokenHint } from "./authority.ts";
import { getBlob, hasBlob } from "./blobs.ts";
import type { StartTimer } from "./body.ts";
import { copyImage } from "./copy.ts";
import type { Credentials } from "./credentials.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { getManifest, headManifest, putManifest } from "./manifests.ts";
import { makeRedactor, type Redactor } from "./redact.ts";
import type { Registry } from "./registry.ts";
import { scopeFor } from "./scope.ts";
import { HostSession } from "./session.ts";
import { deleteTag, listTags } from "./tags.ts";
import { makeTransport, type Outside } from "./transport.ts";
import { putBlob } from "./upload.ts";

export type { TokenHint } from "./authority.ts";

export interface RegistryOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly credentials: Pick<Credentials, "forHost">;
  /** Hosts that speak plain http, beside those on loopback, which always do. */
  readonly plainHosts: readonly string[];
  readonly tokenHints?: readonly TokenHint[];
  /** Requests under way to one host at a time; 32 where it is not given. */
  readonly parallel?: number;
  /** Told of each wait; no secret is in the line. */
  readonly log?: (line: string) => void;
  /** Spreads waits; a number from 0 to below 1. */
  readonly random?: () => number;
  /** Ends what takes too long; the machine's own time where it is not given. */
  readonly startTimer?: StartTimer;
  readonly limits?: Partial<Limits>;
}

/** Makes a client that keeps logins, tokens and what it learns about hosts for as long as it lives. */
export function openRegistry(options: RegistryOptions): Registry {
  const { fetch, clock, startTimer, random = () => 0.5 } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const redactor = makeRedactor();
  const log = (line: string) => options.log?.(redactor.conceal(line));
  const world: Outside = { fetch, clock, log, random, limits, redactor, startTimer };
  return discreet(clientOf(options, world), redactor);
}

function clientOf(options: RegistryOptions, world: Outside): Registry {
  const { limits } = world;
  const session = makeSessions(options, world);
  const streams = pLimit(limits.streams);

  return {
    announce(access, repositories) {
      for (const repository of repositories) {
        session(repository.host).announce([scopeFor(access, repository)]);
      }
    },
    prepare(access, repository) {
      session(repository.host).prepare([scopeFor(access, repository)]);
    },
    async head(reference) {
      const host = session(reference.host);
      const seen = await headManifest(host, reference);
      return seen === "unclear" ? (await getManifest(host, reference))?.descriptor : seen;
    },
    get: async (reference) => getManifest(session(reference.host), reference),
    put: async (reference, manifest) => putManifest(session(reference.host), reference, manifest),
    hasBlob: async (repository, digest) => hasBlob(session(repository.host), repository, digest),
    blob: async (repository, digest) => getBlob(session(repository.host), repository, digest),
    putBlob: async (repository, bytes, from) =>
      putBlob(session(repository.host), repository, bytes, from),
    copy: async (from, to, tags, inHand) => {
      const ports = { source: session(from.host), target: session(to.host), streams };
      return copyImage(ports, from, to, tags, inHand);
    },
    tags: (repository) => listTags(session(repository.host), repository),
    deleteTag: async (reference) => deleteTag(session(reference.host), reference),
  };
}

function makeSessions(options: RegistryOptions, world: Outside): (host: string) => HostSession {
  const transport = makeTransport(world);
  const sessions = new Map<string, HostSession>();
  return (host) => {
    const known = sessions.get(host);
    if (known !== undefined) return known;
    const made = new HostSession({
      host,
      plainHosts: options.plainHosts,
      hint: options.tokenHints?.find((hint) => hint.host === host),
      login: () => options.credentials.forHost(host),
      transport,
      world,
      parallel: options.parallel ?? 32,
    });
    sessions.set(host, made);
    return made;
  };
}

/** The same client; an error's text, where a server's words may stand, is looked through once more. */
function discreet(registry: Registry, redactor: Redactor): Registry {
  const concealed = (error: unknown) => {
    if (!(error instanceof BerthError)) return error;
    const message = redactor.conceal(error.message);
    if (message === error.message) return error;
    return new BerthError(error.code, message, {
      ...(error.hint === undefined ? {} : { hint: redactor.conceal(error.hint) }),
    });
  };
  const fail = (error: unknown): never => {
    throw concealed(error);
  };
  return {
    announce: registry.announce,
    prepare: registry.prepare,
    head: (reference) => registry.head(reference).catch(fail),
    get: (reference) => registry.get(reference).catch(fail),
    put: (reference, manifest) => registry.put(reference, manifest).catch(fail),
    hasBlob: (repository, digest) => registry.hasBlob(repository, digest).catch(fail),
    blob: (repository, digest) => registry.blob(repository, digest).catch(fail),
    putBlob: (repository, bytes, from) => registry.putBlob(repository, bytes, from).catch(fail),
    copy: (from, to, tags, inHand) => registry.copy(from, to, tags, inHand).catch(fail),
    async *tags(repository) {
      try {
        yield* registry.tags(repository);
      } catch (error) {
        throw concealed(error);
      }
    },
    deleteTag: (reference) => registry.deleteTag(reference).catch(fail),
  };
}
