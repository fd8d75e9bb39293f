/** Planning a prune of very many tags, and deleting some: requests, memory, and time beside the bare requests. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { startMemoryRegistry } from "../../test/support/memory-registry.ts";
import type { Case } from "../case.ts";
import { tagsOf } from "../many-tags.ts";

const source = join(import.meta.dirname, "../prune-many.ts");
const bare = join(import.meta.dirname, "../prune-bare.mjs");
const run = promisify(execFile);
const most = 150;

export const pruneManyTags: Case = {
  name: "prune of many tags",
  async run({ quick }) {
    const [repositories, tags, doomed] = [20, quick ? 1000 : 5000, 100];
    const registry = await startMemoryRegistry();
    const folder = await mkdtemp(join(tmpdir(), "berth-bench-prune-"));
    // Bundled as the tool is: stripping types takes memory of its own.
    const many = join(folder, "prune-many.mjs");
    await bundleTo(many);
    const fill = (): void => {
      for (let index = 0; index < repositories; index++) {
        const names = tagsOf(tags, doomed).map((name) => [name, "sha256:0"] as const);
        registry.repositories.set(`group/project/image-${index}`, {
          blobs: new Set(),
          manifests: new Map(),
          tags: new Map(names),
        });
      }
    };
    const timed = async (script: string, ...sizes: readonly number[]) => {
      fill();
      registry.log.length = 0;
      registry.requests.length = 0;
      const args = [script, registry.host, `${repositories}`, ...sizes.map(String)];
      const started = performance.now();
      const { stdout } = await run(process.execPath, args);
      return { milliseconds: performance.now() - started, stdout, requests: registry.log.length };
    };
    try {
      const peerTimes: number[] = [];
      const berthTimes: number[] = [];
      let megabytes = 0;
      let requests = 0;
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        peerTimes.push((await timed(bare, doomed)).milliseconds);
        const berth = await timed(many, doomed);
        berthTimes.push(berth.milliseconds);
        requests = berth.requests;
        megabytes = Math.max(megabytes, JSON.parse(berth.stdout).megabytes);
      }
      const pages = repositories * Math.ceil(tags / 1000);
      const expected = pages + repositories * doomed;
      return [
        {
          name: `${repositories} repositories of ${tags} tags, ${repositories * doomed} deleted`,
          latencyMs: 0,
          peer: "Node script, same requests",
          peerTimes,
          berthTimes,
          requests,
          goal: {
            text: `${expected} requests, under ${most} MB`,
            isMet: () => requests === expected && megabytes < most,
          },
          note: `${pages} pages and ${repositories * doomed} deletions; at most ${Math.round(megabytes)} MB`,
        },
      ];
    } finally {
      await registry.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function bundleTo(outfile: string): Promise<void> {
  // Libraries that are CommonJS ask for `require`.
  const banner = {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  };
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    minify: true,
    banner,
  });
}
