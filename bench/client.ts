/** A client of registries on loopback that ask for no login. */
import { httpFetch } from "../src/host/fetch.ts";
import { realClock } from "../src/host/world.ts";
import { openRegistry } from "../src/registry/client.ts";
import type { Registry } from "../src/registry/registry.ts";

export function openClient(): Registry {
  return openRegistry({
    fetch: httpFetch,
    clock: realClock().clock,
    credentials: { forHost: async () => undefined },
    plainHosts: [],
  });
}
