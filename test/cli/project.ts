/** A project in a repository of its own, and berth as its user runs it there. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { makeRepository, type Owner, type Repository } from "../context/repository.ts";
import { berth, type Ended, type Env, plainEnv } from "../support/command.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";

export interface Project extends Repository {
  /** Nothing of the surrounding CI is seen. */
  berth(args: readonly string[], env?: Env): Promise<Ended>;
  /** What a command that ends well gives with `--json`. */
  asked<T>(args: readonly string[], env?: Env): Promise<T>;
  /** The tag of each image's key. */
  keyTags(): Promise<ReadonlyMap<string, string>>;
}

/** A committed project of these files; `env` is there for all commands. */
export function projectOf(
  t: Owner,
  files: Parameters<typeof makeRepository>[1],
  env: Env = {},
): Project {
  const repository = makeRepository(t, files, ["-b", "main"]);
  repository.commit();
  const run: Project["berth"] = (args, more) =>
    berth(args, {
      cwd: repository.path,
      env: plainEnv({ HOME: repository.path, ...env, ...more }),
    });
  const asked = async (args: readonly string[], more?: Env) => {
    const { code, stdout, stderr } = await run([...args, "--json"], more);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const keyTags = async () => {
    const { images } = await asked(["key"]);
    return new Map<string, string>(
      images.map(({ name, key }: Record<string, string>) => [name, ownTags.key(key ?? "")]),
    );
  };
  return { ...repository, berth: run, asked, keyTags };
}

/** Opens a registry for a file's tests, which awaits it; it ends with them. */
export async function openRegistry(
  ...options: Parameters<typeof startMemoryRegistry>
): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry(...options);
  after(() => registry.stop());
  return registry;
}
