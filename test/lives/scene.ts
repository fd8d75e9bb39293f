/** Where most lives begin: upstream's default branch has been built, tested and promoted. */
import { after } from "node:test";
import { type Actor, upstreamOf } from "./actor.ts";
import { type Life, live } from "./life.ts";
import { startWorld, type World } from "./world.ts";

export interface Scene {
  readonly world: World;
  readonly up: Actor;
  /** Upstream's first pipeline. */
  readonly first: Life;
}

/**
 * Opens the scene of a file's tests, which awaits it; it ends with them.
 *
 * `branches` are protected beside the default branch, and begin at its first commit.
 */
export async function openScene(branches: readonly string[] = []): Promise<Scene> {
  const world = await startWorld();
  try {
    const up = await upstreamOf(world, { protectedBranches: ["main", ...branches] });
    const first = await live(world, up, { user: "olga" });
    after(world.stop);
    return { world, up, first };
  } catch (error) {
    await world.stop();
    throw error;
  }
}
