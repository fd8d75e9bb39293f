/** Opens the registry client: one session a host, and what a registry can do in terms of it. */
import pLimit from "p-limit";
import { BerthError } from "../errors.ts";
import type { TokenHint } from "../http/origin.ts";
import { makeRedactor, type Redactor } from "../http/redact.ts";
import { defaultLimits, type Limits, makeTransport, type Outside } from "../http/transport.ts";
import type { Repository } from "../oci/reference.ts";
import type { Fetch, Timers } from "../world.ts";
import { getBlob, hasBlob, putBlob } from "./blobs.ts";
import { type CopyPorts, copyImage } from "./copy.ts";
import type { Credentials } from "./credentials.ts";
import { deleteTag, getManifest, headManifest, listTags, putManifest } from "./manifests.ts";
import type { Registry } from "./registry.ts";
import { scopeFor } from "./scopes.ts";
import { HostSession } from "./session.ts";

export interface RegistryOptions {
  readonly fetch: Fetch;
  readonly clock: Timers;
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
  readonly limits?: Partial<Limits>;
}

/** Blobs that go through this process at a time. */
const travelling = 4;

/** Makes a client that keeps logins, tokens and what it learns about hosts for as long as it lives. */
export function openRegistry(options: RegistryOptions): Registry {
  const { fetch, clock, random = () => 0.5 } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const redactor = makeRedactor();
  const log = (line: string) => options.log?.(redactor.conceal(line));
  const world = { fetch, clock, log, random, limits, redactor };
  return clientOf(makeSessions(options, world), pLimit(travelling), discreetly(redactor));
}

type SessionOf = (at: Pick<Repository, "host">) => HostSession;

function clientOf(
  session: SessionOf,
  streams: CopyPorts["streams"],
  discreet: ReturnType<typeof discreetly>,
): Registry {
  return {
    announce(access, repositories) {
      for (const repository of repositories)
        session(repository).announce([scopeFor(access, repository)]);
    },
    prepare: (access, repository) => session(repository).prepare([scopeFor(access, repository)]),
    refusal: discreet(async (rights, tags = []) => {
      const [first] = rights;
      return first && session(first.repository).refusal(rights, tags);
    }),
    head: discreet(async (reference) => headManifest(session(reference), reference)),
    get: discreet(async (reference) => getManifest(session(reference), reference)),
    put: discreet(async (reference, manifest) =>
      putManifest(session(reference), reference, manifest),
    ),
    hasBlob: discreet(async (repository, digest) =>
      hasBlob(session(repository), repository, digest),
    ),
    blob: discreet(async (repository, digest) => getBlob(session(repository), repository, digest)),
    putBlob: discreet(async (repository, bytes, from) =>
      putBlob(session(repository), repository, bytes, from),
    ),
    copy: discreet(async (from, to, tags, inHand) => {
      const ports = { source: session(from), target: session(to), streams };
      return copyImage(ports, from, to, tags, inHand);
    }),
    async *tags(repository) {
      const tags = listTags(session(repository), repository);
      const next = discreet(() => tags.next());
      for (let page = await next(); page.done !== true; page = await next()) yield page.value;
    },
    deleteTag: discreet(async (reference) => deleteTag(session(reference), reference)),
  };
}

function makeSessions(options: RegistryOptions, world: Outside): SessionOf {
  const { plainHosts, tokenHints, credentials, parallel = 32 } = options;
  const transport = makeTransport(world);
  const sessions = new Map<string, HostSession>();
  return ({ host }) => {
    const known = sessions.get(host);
    if (known !== undefined) return known;
    const hint = tokenHints?.find((one) => one.host === host);
    const login = () => credentials.forHost(host);
    const made = new HostSession({ host, plainHosts, hint, login, transport, world, parallel });
    sessions.set(host, made);
    return made;
  };
}

/** Looks through an error's text once more, where a server's words may stand. */
function discreetly(redactor: Redactor) {
  return <Given extends readonly unknown[], Gives>(work: (...given: Given) => Promise<Gives>) =>
    async (...given: Given): Promise<Gives> => {
      try {
        return await work(...given);
      } catch (error) {
        if (!(error instanceof BerthError)) throw error;
        const hint = error.hint && redactor.conceal(error.hint);
        throw new BerthError(error.code, redactor.conceal(error.message), { hint });
      }
    };
}
