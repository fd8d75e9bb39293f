/** What a login may do to a repository, read from the token that it is given for it. */

import { apiOrigin, realmTrust, type TokenHint } from "../http/origin.ts";
import { makeRedactor } from "../http/redact.ts";
import { defaultLimits, makeTransport, type Transport } from "../http/transport.ts";
import type { Repository } from "../oci/reference.ts";
import { type RegistryLogin, secretOf } from "../registry/credentials.ts";
import type { Access } from "../registry/registry.ts";
import { readChallenge, requestToken, type TokenService } from "../registry/token-service.ts";
import type { Clock, Fetch } from "../world.ts";

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
  readonly clock: Clock;
  readonly login: (host: string) => Promise<RegistryLogin | undefined>;
  readonly plainHosts: readonly string[];
  readonly tokenHints: readonly TokenHint[];
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
  const mayPull = first.kind === "granted" && first.actions.includes("pull");
  if (login === undefined || mayPull || first.kind === "refused" || access.length > 1) return first;
  return ask(undefined);
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
