/** What every engine must do, run against the real program and a real registry. */

import { startDockerRegistry } from "../support/docker-registry.ts";
import { cacheContract } from "./contract-cache.ts";
import { contentContract } from "./contract-content.ts";
import { failureContract } from "./contract-failure.ts";
import { openWorkshop, type Parts, type Subject, type Workshop } from "./workshop.ts";

/** What depends on where a daemon stores its images. */
export const ofStores = [cacheContract, failureContract];

export function engineContract(
  name: string,
  make: (parts: Parts) => Promise<Subject>,
  parts: readonly ((name: string, workshop: Workshop) => void)[] = [contentContract, ...ofStores],
): void {
  const workshop = openWorkshop(make, startDockerRegistry);
  for (const part of parts) part(name, workshop);
}
