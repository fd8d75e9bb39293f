/** Where a registry is reached, and which other addresses it may send us to. */
import { BlockList, isIP } from "node:net";
import { isLoopbackHost } from "../oci/reference.ts";

export type AddressKind = "loopback" | "link-local" | "private" | "public";

/**
 * The address of a host's distribution API.
 *
 * Plain http only for loopback hosts, as Docker speaks to them, and for those that the configuration
 * names; https is not tried there first, so that what happens does not depend on a failed handshake.
 */
export function apiOrigin(host: string, plainHosts: readonly string[]): URL {
  const server = host === "docker.io" ? "registry-1.docker.io" : host;
  const plain = plainHosts.includes(host) || isLoopbackHost(server);
  return new URL(`${plain ? "http" : "https"}://${server}`);
}

const ranges: readonly (readonly [AddressKind, BlockList])[] = [
  ["loopback", listOf("127.0.0.0/8", "0.0.0.0/8", "::/127")],
  ["link-local", listOf("169.254.0.0/16", "fe80::/10")],
  ["private", listOf("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")],
];

/** Ranges of IPv4 count too where they are wrapped in IPv6 or translated to it (NAT64, 6to4). */
function listOf(...subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [net = "", length] of subnets.map((subnet) => subnet.split("/"))) {
    const bits = Number(length);
    list.addSubnet(net, bits, isIP(net) === 6 ? "ipv6" : "ipv4");
    if (isIP(net) === 6) continue;
    const hex = Buffer.from(net.split(".").map(Number)).toString("hex").replace(/.{4}/, "$&:");
    for (const prefix of ["::", "64:ff9b::"]) list.addSubnet(prefix + net, 96 + bits, "ipv6");
    list.addSubnet(`2002:${hex}::`, 16 + bits, "ipv6");
  }
  return list;
}

/** Sorts a URL's host name by what it can be seen to be; names are never looked up, so they are public. */
export function addressKind(hostname: string): AddressKind {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  const address = addressOf(name);
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  return ranges.find(([, list]) => list.check(address, family))?.[0] ?? "public";
}

/** URLs have brackets around an address of IPv6. */
function addressOf(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/**
 * Why an address that an answer names (a redirect, an upload's Location) must not be used, or
 * `undefined` where it may.
 *
 * Private addresses are allowed: object storage of a self-managed registry lives there, and no login
 * goes along. Loopback and link-local ones (metadata services of clouds) never are another machine's.
 */
export function refuseHop(from: URL, to: URL): string | undefined {
  if (to.protocol !== "https:" && to.protocol !== "http:") return "an address that is not http";
  if (to.username !== "" || to.password !== "") return "an address with a login in it";
  const [fromKind, toKind] = [addressKind(from.hostname), addressKind(to.hostname)];
  if ((toKind === "loopback" || toKind === "link-local") && fromKind !== toKind) {
    return `the ${toKind} address ${to.host}`;
  }
  if (from.protocol === "https:" && to.protocol === "http:" && toKind !== "loopback") {
    return `plain http at ${to.host}`;
  }
  return undefined;
}

/** Where the token service of a host is: on GitLab `$CI_SERVER_URL/jwt/auth` and `container_registry`; saves the request that provokes a 401. */
export interface TokenHint {
  readonly host: string;
  readonly realm: string;
  readonly service: string;
}

export type RealmTrust =
  | { readonly kind: "login" }
  | { readonly kind: "anonymous" }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Decides what a token service that a registry's challenge names may be sent.
 *
 * A registry that has been given a login could misuse it anyway; the danger is an answer that was
 * tampered with, or a service that everybody may have challenge us in another's name. So a login goes
 * only to the registry's own host (any port: self-managed GitLab has its registry at :5050), or to
 * a name under the registry's own parent domain (registry.gitlab.com and gitlab.com,
 * registry-1.docker.io and auth.docker.io, registry.example.org and gitlab.example.org), never to a
 * parent that strangers share (co.uk, github.io), and never over plain http unless the registry is
 * plain itself and the service is on the same host or on loopback. Anything else that is https and
 * not in a private network may be asked without a login. A service that a hint of the configuration
 * names does not come through here.
 */
export function realmTrust(registry: URL, realm: URL): RealmTrust {
  const refused = (why: string): RealmTrust => ({ kind: "refused", why });
  const sameHost = registry.hostname === realm.hostname;
  const realmKind = addressKind(realm.hostname);
  const registryKind = addressKind(registry.hostname);
  const hop = refuseHop(registry, realm);
  if (hop !== undefined && !sameHost) return refused(hop);
  if (realm.protocol !== "https:") {
    const plain = registry.protocol === "http:" && realm.protocol === "http:";
    if (!plain || !(sameHost || realmKind === "loopback")) return refused("plain http");
  }
  if (realmKind !== "public" && registryKind === "public" && !sameHost) {
    return refused(`the ${realmKind} address ${realm.host}`);
  }
  const bothLoopback = realmKind === "loopback" && registryKind === "loopback";
  const trusted = sameHost || bothLoopback || sameParty(registry.hostname, realm.hostname);
  return { kind: trusted ? "login" : "anonymous" };
}

function sameParty(registry: string, realm: string): boolean {
  if (isIP(addressOf(registry)) !== 0) return false;
  const parent = registry.slice(registry.indexOf(".") + 1);
  return isOwned(parent) && (realm === parent || realm.endsWith(`.${parent}`));
}

const countrySeconds = new Set(
  "ac co com edu go gob gov gv id ltd me mil ne net nhs nom or org plc sch web".split(" "),
);
const sharedParents = new Set(
  [
    "amazonaws.com azurecr.io azurewebsites.net cloudfront.net fly.dev github.io gitlab.io",
    "googleapis.com herokuapp.com netlify.app nip.io onrender.com pages.dev pkg.dev r2.dev",
    "run.app sslip.io vercel.app web.app workers.dev",
  ].flatMap((line) => line.split(" ")),
);

/** Whether one party owns a domain, as far as can be told without the public suffix list. */
function isOwned(domain: string): boolean {
  const labels = domain.split(".");
  const [second = "", top = ""] = labels.slice(-2);
  if (labels.length < 2 || sharedParents.has(domain)) return false;
  return labels.length > 2 || top.length !== 2 || !countrySeconds.has(second);
}
