import { startMemoryRegistry } from "../support/memory-registry.ts";
import { basicAuthority, goodLogin } from "./clients.ts";
import { registryContract } from "./contract.ts";

for (const [name, login, start] of [
  ["the registry in memory", undefined, () => startMemoryRegistry()],
  [
    "the registry in memory with logins",
    goodLogin,
    () => startMemoryRegistry({ authority: basicAuthority(goodLogin) }),
  ],
  [
    "the registry in memory, as an old GitLab",
    undefined,
    () => startMemoryRegistry({ pageSize: 1 }),
  ],
] as const)
  registryContract(name, async () => {
    const { host, stop } = await start();
    return { host, login, hints: [], deletesTags: true, stop };
  });
