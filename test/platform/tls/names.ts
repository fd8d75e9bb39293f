/** Names below berth.test are this machine, in every process that imports this. */
import dns from "node:dns";

export const registryName = "registry.berth.test";
export const mirrorName = "mirror.berth.test";
export const tokensName = "gitlab.berth.test";

const real = dns.lookup as (name: string, ...rest: unknown[]) => void;

dns.lookup = ((name: string, ...rest: unknown[]) =>
  real(name.endsWith(".berth.test") ? "127.0.0.1" : name, ...rest)) as typeof dns.lookup;
