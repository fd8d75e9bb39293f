/** Runs of berth that a signal ends at each boundary of their requests, and that are run again. */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pLimit from "p-limit";
import { ownTags } from "../../src/image/key.ts";
import { readTag } from "../../src/oci/tags.ts";
import { ended } from "../support/command.ts";
import type { MemoryRegistry } from "../support/memory-registry.ts";
import { until } from "../support/processes.ts";
import { disagreements, historyOf, incomplete } from "./checks.ts";
import { kindOf, type Passing } from "./gate.ts";
import type { Moment } from "./held.ts";
import {
  base,
  imageNames,
  layOut,
  openStand,
  processesOf,
  type Stand,
  secretsIn,
  type Workplace,
} from "./workplace.ts";

/** One boundary of a run: before or after so many requests of a kind. */
interface Kill {
  readonly kind: string;
  readonly nth: number;
  readonly moment: Moment;
  readonly signal: "SIGKILL" | "SIGTERM";
}

const ways = (["SIGKILL", "SIGTERM"] as const).flatMap((signal) =>
  (["before", "after"] as const).map((moment) => ({ signal, moment })),
);

/** Every request once, and every kind of request by both signals at both moments. */
function killsOf(passed: readonly Passing[]): readonly Kill[] {
  const counts = new Map<string, number>();
  for (const passing of passed) {
    if (passing.moment !== "before") continue;
    const kind = kindOf(passing);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].flatMap(([kind, count]) =>
    Array.from({ length: Math.max(count, ways.length) }, (_, turn) => ({
      kind,
      nth: turn % count,
      ...(ways[turn % ways.length] as (typeof ways)[number]),
    })),
  );
}

const tagsIn = ({ repositories }: MemoryRegistry): readonly string[] =>
  [...repositories].flatMap(([path, { tags }]) => [...tags.keys()].map((tag) => `${path}:${tag}`));

/** Set and keys as the tags of a registry after an undisturbed run show them. */
function setIn(memory: MemoryRegistry) {
  const idIn = (path: string, kind: "key" | "set") =>
    [...(memory.repositories.get(path)?.tags.keys() ?? [])]
      .map((tag) => readTag(tag))
      .find((tag) => tag?.kind === kind)?.id ?? "none";
  const id = idIn(`${base}/berth`, "set");
  const images = imageNames.map((name) => ({
    name,
    key: idIn(`${base}/${name}`, "key"),
  }));
  return { id, images };
}

function restore(from: MemoryRegistry, to: MemoryRegistry): void {
  for (const [digest, bytes] of from.blobs) to.blobs.set(digest, bytes);
  for (const [path, { blobs, manifests, tags }] of from.repositories) {
    const copy = { blobs: new Set(blobs), manifests: new Map(manifests), tags: new Map(tags) };
    to.repositories.set(path, copy);
  }
}

describe("a run that is killed", () => {
  let work: Workplace;
  let whole: Stand;
  let ensuring: readonly Passing[] = [];
  let promoting: readonly Passing[] = [];
  before(async () => {
    work = await layOut();
    whole = await openStand(work);
    const first = await whole.run(["ensure", "--engine", "buildah"]);
    assert.equal(first.code, 0, first.stderr);
    ensuring = [...whole.gate.passed];
    const second = await whole.run(["promote"]);
    assert.equal(second.code, 0, second.stderr);
    promoting = whole.gate.passed.slice(ensuring.length);
  });
  after(async () => {
    await whole.stop();
    await work.folder.remove();
  });

  /** Kills one run at a boundary, looks at what it left, and hands its place on. */
  async function killOnce(
    { kind, nth, moment, signal }: Kill,
    command: readonly string[],
    next: (stand: Stand, where: string) => Promise<void>,
    prepare: (stand: Stand) => void = () => undefined,
  ): Promise<void> {
    const hit = Promise.withResolvers<Passing>();
    const over = Promise.withResolvers<void>();
    let seen = 0;
    const stand = await openStand(work, async (passing) => {
      if (passing.moment !== moment || kindOf(passing) !== kind || seen++ !== nth) return "pass";
      hit.resolve(passing);
      await over.promise;
      return "cut";
    });
    try {
      prepare(stand);
      const child = stand.start(command);
      const end = ended(child);
      const at = await Promise.race([hit.promise, end.then(() => undefined)]);
      const where = `${command[0]} ${signal} ${moment} ${kind} (${nth})`;
      assert.ok(at !== undefined, `${where}: not reached`);
      child.kill(signal);
      const { code, signal: by } = await end;
      over.resolve();
      assert.ok(by === signal || code === 143, `${where}: ended with ${code} ${by}`);
      await checkLeft(stand, signal, where);
      await next(stand, where);
    } finally {
      over.resolve();
      await stand.stop();
    }
  }

  async function checkLeft(stand: Stand, signal: Kill["signal"], where: string): Promise<void> {
    const { memory, tmp } = stand;
    if (signal === "SIGTERM") {
      // What reads from our pipes ends with them, a moment later.
      const engines = () => processesOf(tmp).filter((text) => !/ git /.test(text));
      assert.deepEqual(engines(), [], where);
      assert.deepEqual(readdirSync(tmp), [], where);
    }
    // An engine that nobody ended finishes its one command, which may be a push to the tag that nobody reads.
    await until(() => processesOf(tmp).length === 0);
    assert.deepEqual(processesOf(tmp), [], where);
    assert.deepEqual(openFolders(tmp), [], where);
    assert.deepEqual(incomplete(memory), [], where);
  }

  function checkAfterwards(stand: Stand, where: string, promoted?: string): void {
    const { memory } = stand;
    const set = setIn(whole.memory);
    assert.deepEqual(incomplete(memory), [], where);
    assert.deepEqual(disagreements(memory, base, set, promoted), [], where);
    for (const { name, key } of set.images) {
      const path = `${base}/${name}`;
      const history = historyOf(memory, path, ownTags.key(key));
      assert.ok(history.length <= 1, `${where}: ${name} had ${history.length} digests`);
    }
  }

  async function all(kills: readonly Kill[], one: (kill: Kill) => Promise<void>): Promise<void> {
    const limit = pLimit(3);
    const results = await Promise.allSettled(kills.map((kill) => limit(() => one(kill))));
    const failed = results.filter((result) => result.status === "rejected");
    assert.deepEqual(
      failed.map(({ reason }) => String(reason.stack ?? reason)),
      [],
    );
  }

  test("as `ensure` leaves nothing half done, and the next one ends as if nothing had been", async () => {
    assert.ok(ensuring.length / 2 >= 40);
    const command = ["ensure", "--engine", "buildah"];
    const wanted = tagsIn(whole.memory)
      .filter((tag) => !/:(latest|promote-.*)$/.test(tag))
      .sort();
    await all(killsOf(ensuring), async (kill) => {
      await killOnce(kill, command, async (stand, where) => {
        const again = await stand.run(command);
        assert.equal(again.code, 0, `${where}: ${again.stderr}`);
        assert.deepEqual(readdirSync(stand.tmp), [], where);
        assert.deepEqual([...tagsIn(stand.memory)].sort(), wanted, where);
        checkAfterwards(stand, where);
      });
    });
  });

  test("as `promote` leaves nothing half done, and the next one ends as if nothing had been", async () => {
    assert.ok(promoting.length / 2 >= 12);
    const wanted = [...tagsIn(whole.memory)].sort();
    const seed = await openStand(work);
    restore(whole.memory, seed.memory);
    for (const [, { tags }] of seed.memory.repositories)
      for (const tag of [...tags.keys()]) if (/^(latest|promote-.*)$/.test(tag)) tags.delete(tag);
    try {
      await all(killsOf(promoting), async (kill) => {
        const next = async (stand: Stand, where: string) => {
          const again = await stand.run(["promote"]);
          assert.equal(again.code, 0, `${where}: ${again.stderr}`);
          assert.deepEqual(readdirSync(stand.tmp), [], where);
          assert.deepEqual([...tagsIn(stand.memory)].sort(), wanted, where);
          checkAfterwards(stand, where, "latest");
        };
        await killOnce(kill, ["promote"], next, (fresh) => {
          restore(seed.memory, fresh.memory);
          handOn(whole, fresh);
        });
      });
    } finally {
      await seed.stop();
    }
  });

  /** Kills a run whose engine works in silence, as `left` sees it after that. */
  async function killSilent(
    signal: Kill["signal"],
    left: (stand: Stand) => Promise<void>,
  ): Promise<void> {
    const slow = await layOut({ "other.Dockerfile": "FROM scratch\nRUN wait\n" });
    const stand = await openStand(slow);
    try {
      const child = stand.start(["ensure", "--engine", "buildah"]);
      const end = ended(child);
      await until(() => waitingIn(stand).length > 0);
      assert.notDeepEqual(secretsIn(stand.tmp), []);
      child.kill(signal);
      await end;
      await left(stand);
    } finally {
      for (const pid of waitingIn(stand)) process.kill(pid);
      await stand.stop();
      await slow.folder.remove();
    }
  }

  test("by SIGTERM in the middle of a silent build takes its engine and its logins along", async () => {
    await killSilent("SIGTERM", async ({ tmp }) => {
      await until(() => processesOf(tmp).length === 0);
      assert.deepEqual(processesOf(tmp), []);
      assert.deepEqual(readdirSync(tmp), []);
    });
  });

  test("by SIGKILL leaves an engine that says nothing, and logins in a private folder until the next run", async () => {
    await killSilent("SIGKILL", async (stand) => {
      assert.notDeepEqual(waitingIn(stand), []);
      assert.notDeepEqual(secretsIn(stand.tmp), []);
      assert.deepEqual(openFolders(stand.tmp), []);
      const next = await stand.run(["plan"]);
      assert.equal(next.code, 0, next.stderr);
      assert.deepEqual(readdirSync(stand.tmp), []);
    });
  });
});

/** Gives a stand the plan of another, whose registry has another port. */
function handOn(from: Stand, to: Stand): void {
  const [given, own] = [from, to].map(({ tmp }) => join(tmp, "../out"));
  cpSync(given!, own!, { recursive: true });
  const plan = `${own}/plan.json`;
  writeFileSync(plan, readFileSync(plan, "utf8").replaceAll(from.gate.host, to.gate.host));
}

/** What lies in a job's temporary folder and others may look into. */
function openFolders(tmp: string): readonly string[] {
  return readdirSync(tmp).filter((name) => (statSync(join(tmp, name)).mode & 0o777) !== 0o700);
}

/** The processes of a job that do nothing but wait. */
function waitingIn({ tmp }: Stand): readonly number[] {
  const waiting = processesOf(tmp).filter((text) => text.includes("sleep 300"));
  return waiting.map((text) => Number.parseInt(text, 10));
}
