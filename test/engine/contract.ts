/** What every engine must do, run against the real program and a real registry. */

import { startDockerRegistry } from "../support/docker-registry.ts";
import { cacheContract } from "./contract-cache.ts";
import { contentContract } from "./contract-content.ts";
import { failureContract } from "./contract-failure.ts";
import { openWorkshop, type Parts, type Subject } from "./workshop.ts";

export function engineContract(name: string, make: (parts: Parts) => Promise<Subject>): void {
  const workshop = openWorkshop(make, startDockerRegistry);
  contentContract(name, workshop);
  cacheContract(name, workshop);
  failureContract(name, workshop);
}
