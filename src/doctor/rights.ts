/** What a login may do to a repository, read from the token that it is given for it. */
import type { Config } from "../config/config.ts";
import { apiOrigin, realmTrust, type TokenHint } from "../http/origin.ts";
import { makeRedactor } from "../http/redact.ts";
import { defaultLimits, makeTransport, type Transport } from "../http/transport.ts";
import { below, printRepository, type Repository } from "../oci/reference.ts";
import { hasTags } from "../plan/look.ts";
import { repositoryOf } from "../plan/places.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import { type RegistryLogin, secretOf } from "../registry/credentials.ts";
import type { Access, Registry } from "../registry/registry.ts";
import { readChallenge, requestToken, type TokenService } from "../registry/token-service.ts";
import type { Fetch, Timers } from "../world.ts";
import { isTrouble, type Known, known, type Trouble } from "./judgement.ts";

export interface RegistryFacts {
  /** `undefined` where the base is not known. */
  readonly own: Known<RightsFacts> | undefined;
  readonly upstream: Known<RightsFacts> | undefined;
}

export interface RightsFacts {
  /** The repository that was asked about, printed. */
  readonly repository: string;
  /** Whether writing was asked about; it is not where no repository exists, since asking makes one. */
  readonly askedToWrite: boolean;
  readonly rights: Rights;
}

export type Rights =
  | {
      readonly kind: "granted";
      readonly actions: readonly Access[];
      readonly identity: "login" | "anonymous";
    }
  /** The token service said no to the whole request. */
  | { readonly kind: "refused"; readonly status: number; readonly said: string }
  /** The registry asks for no token, so nothing tells the rights. */
  | { readonly kind: "unsaid"; readonly why: string };

export interface RightsPorts {
  readonly fetch: Fetch;
  readonly clock: Timers;
  readonly login: (host: string) => Promise<RegistryLogin | undefined>;
  readonly plainHosts: readonly string[];
  readonly tokenHints: readonly TokenHint[];
}

/** Repositories that are looked at for one that exists. */
const looks = 3;

interface RegistryPorts {
  readonly registry: Pick<Registry, "tags">;
  readonly rights: RightsPorts;
}

/** What the login may do in the own registry, and whether it may read upstream's. */
export async function gatherRegistry(
  { own, upstream }: Pick<Situation, "own" | "upstream">,
  { repository }: Pick<Config, "repository">,
  images: readonly string[],
  ports: RegistryPorts,
): Promise<RegistryFacts> {
  const record = (base: Repository): Repository => below(base, recordRepositoryName);
  const repositories = (base: Repository): readonly Repository[] =>
    images.map((name) => repositoryOf(base, repository, name));
  const ownFacts = own && (await known(ownRights([record(own), ...repositories(own)], ports)));
  if (upstream === undefined) return { own: ownFacts, upstream: undefined };
  // Servers ban an address after some failures, so a bad login is not tried at another repository.
  const isBad = upstream.host === own?.host && isRefusedLogin(ownFacts);
  const asked = isBad ? loginRefused : await known(readRights(record(upstream), ports.rights));
  return { own: ownFacts, upstream: asked };
}

const loginRefused: Trouble = {
  trouble: "Not asked, since the login for this registry is refused.",
  todo: "correct the login first",
};

function isRefusedLogin(fact: RegistryFacts["own"]): boolean {
  if (fact === undefined || isTrouble(fact)) return false;
  return fact.rights.kind === "refused" && fact.rights.status === 401;
}

async function readRights(repository: Repository, ports: RightsPorts): Promise<RightsFacts> {
  const rights = await rightsTo(repository, ["pull"], ports);
  return { repository: printRepository(repository), askedToWrite: false, rights };
}

/** Asks to write only where a repository exists: asking would create it. */
async function ownRights(
  [record, ...images]: readonly [Repository, ...Repository[]],
  { registry, rights: ports }: RegistryPorts,
): Promise<RightsFacts> {
  const read = await readRights(record, ports);
  if (!mayPull(read.rights)) return read;
  const existing = await firstWithTags([record, ...images].slice(0, looks), registry);
  if (existing === undefined) return read;
  const write = await rightsTo(existing, ["pull", "push", "delete"], ports);
  // Pulling has been seen to be allowed, if perhaps to everybody and not to this login.
  const rights =
    write.kind === "granted" && !mayPull(write)
      ? { ...write, actions: ["pull" as const, ...write.actions] }
      : write;
  return { repository: printRepository(existing), askedToWrite: true, rights };
}

async function firstWithTags(
  candidates: readonly Repository[],
  registry: Pick<Registry, "tags">,
): Promise<Repository | undefined> {
  for (const repository of candidates) if (await hasTags(repository, registry)) return repository;
  return undefined;
}

export function mayPull(rights: Rights): boolean {
  return rights.kind === "granted" && rights.actions.includes("pull");
}

/**
 * Asks for a token and tells what it grants, without using it; REGISTRY_UNAVAILABLE in an outage.
 *
 * GitLab creates a repository when somebody asks to push to it, so `push` and `delete` are for repositories
 * that exist. A refused login is tried once only, since servers ban an address after some failures.
 */
export async function rightsTo(
  repository: Repository,
  access: readonly Access[],
  ports: RightsPorts,
): Promise<Rights> {
  const redactor = makeRedactor();
  const { fetch, clock } = ports;
  const limits = { ...defaultLimits, attempts: 2 };
  const world = { fetch, clock, random: () => 0.5, log: () => undefined, limits, redactor };
  const transport = makeTransport(world);
  const found = await findService(repository.host, transport, ports);
  if (typeof found === "string") return { kind: "unsaid", why: found };
  const login = found.mayLogIn ? await ports.login(repository.host) : undefined;
  redactor.hide(secretOf(login));
  const ask = async (as: RegistryLogin | undefined): Promise<Rights> => {
    const scopes = [{ path: repository.path, actions: access }];
    const { service } = found;
    const { host } = repository;
    const answer = await requestToken({ transport, redactor, service, host, login: as, scopes });
    if (answer.kind === "refused")
      return { kind: "refused", status: answer.status, said: answer.what };
    const granted = answer.grants.find(({ path }) => path === repository.path)?.actions ?? [];
    const actions = access.filter((action) => granted.includes(action));
    return { kind: "granted", actions, identity: as === undefined ? "anonymous" : "login" };
  };
  const first = await ask(login);
  const isLast = login === undefined || first.kind === "refused" || access.length > 1;
  return isLast || mayPull(first) ? first : ask(undefined);
}

interface Found {
  readonly service: TokenService;
  readonly mayLogIn: boolean;
}

async function findService(
  host: string,
  transport: Transport,
  { plainHosts, tokenHints }: RightsPorts,
): Promise<Found | string> {
  const hint = tokenHints.find((one) => one.host === host);
  if (hint !== undefined && URL.canParse(hint.realm)) {
    return { service: { realm: new URL(hint.realm), service: hint.service }, mayLogIn: true };
  }
  const origin = apiOrigin(host, plainHosts);
  const url = new URL("/v2/", origin);
  const reply = await transport.send({ method: "GET", url, purpose: `ask ${host} how to log in` });
  if (reply.status !== 401) return "the registry asks for no login";
  const service = readChallenge(reply.headers.get("www-authenticate") ?? "");
  if (service?.kind !== "token") return "the registry takes passwords, not tokens";
  const trust = realmTrust(origin, service.realm);
  if (trust.kind === "refused") return `its token service is not to be asked: ${trust.why}`;
  return { service, mayLogIn: trust.kind === "login" };
}
