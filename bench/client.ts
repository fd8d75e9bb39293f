/** A client of registries on loopback that ask for no login. */
import { setTimeout as sleep } from "node:timers/promises";
import { httpFetch } from "../src/host/fetch.ts";
import { openRegistry } from "../src/registry/client.ts";
import type { Registry } from "../src/registry/registry.ts";

export function openClient(): Registry {
  return openRegistry({
    fetch: httpFetch,
    clock: { now: () => new Date(), sleep },
    credentials: { forHost: async () => undefined },
    plainHosts: [],
  });
}
