/** What an engine is asked for in tests that run none. */
import type { BuildRequest } from "../../src/build/engine.ts";

export function buildRequest(change: Partial<BuildRequest> = {}): BuildRequest {
  return {
    name: "debian",
    dockerfile: "FROM scratch\n",
    source: { file: "debian.docker", lines: [1], stages: [] },
    traits: {
      ...{ heredocs: false, runHeredocs: false, binds: false },
      ...{ expandsArgs: false, onScratch: false },
    },
    notes: [],
    mounted: [],
    contextFolder: "/c",
    scratchFolder: "/s",
    args: {},
    target: undefined,
    platform: "linux/amd64",
    secrets: [],
    destination: { host: "registry.example.com", path: "g/p/debian", tag: "try-1" },
    cacheFrom: [],
    cacheTo: undefined,
    noCache: false,
    cacheSince: undefined,
    authFile: "/a/config.json",
    insecureHosts: [],
    hide: (text) => text,
    onLine: () => {},
    ...change,
  };
}
