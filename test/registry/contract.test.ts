import { type MemoryRegistryOptions, startMemoryRegistry } from "../support/memory-registry.ts";
import { startTokenService } from "../support/token-service.ts";
import { basicAuthority, goodLogin } from "./clients.ts";
import { registryContract } from "./contract.ts";

async function memory(auth: "none" | "basic" | "token", options: MemoryRegistryOptions = {}) {
  const tokens = auth === "token" ? await startTokenService() : undefined;
  const authority = auth === "basic" ? basicAuthority(goodLogin) : tokens?.authority;
  const registry = await startMemoryRegistry({
    ...options,
    ...(authority === undefined ? {} : { authority }),
  });
  return {
    host: registry.host,
    login: auth === "none" ? undefined : goodLogin,
    hints: [],
    deletesTags: options.deleteTags !== false,
    async stop() {
      await registry.stop();
      await tokens?.stop();
    },
  };
}

registryContract("the registry in memory", () => memory("none"));
registryContract("the registry in memory with logins", () => memory("basic"));
registryContract("the registry in memory with tokens", () => memory("token"));
registryContract("the registry in memory, as an old GitLab", () => memory("none", { pageSize: 1 }));
