/** Runs of berth that a signal ends in each of their phases, and that are run again; races.test.ts has every state of the registry. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pLimit from "p-limit";
import { ownTags } from "../../src/image/key.ts";
import { readTag } from "../../src/oci/tags.ts";
import { ended, startProgram } from "../support/command.ts";
import type { MemoryRegistry } from "../support/memory-registry.ts";
import { until } from "../support/processes.ts";
import { disagreements, historyOf, incomplete, tagsIn } from "./checks.ts";
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

/** At the first request, and at each kind of those that mark a command's phases. */
function killsOf(passed: readonly Passing[], phases: RegExp): readonly Kill[] {
  const kinds = passed.filter(({ moment }) => moment === "before").map(kindOf);
  const marks = kinds.filter((kind, index) => index === 0 || phases.test(kind));
  return [...new Set(marks)].flatMap((kind): readonly Kill[] => {
    const last = kinds.filter((other) => other === kind).length - 1;
    return [
      { kind, nth: 0, moment: "before", signal: "SIGTERM" },
      { kind, nth: last, moment: "after", signal: "SIGKILL" },
    ];
  });
}

/** Set and keys as the tags of a registry after an undisturbed run show them. */
function setIn(memory: MemoryRegistry) {
  const idIn = (path: string, kind: "key" | "set") =>
    [...(memory.repositories.get(path)?.tags.keys() ?? [])]
      .map((tag) => readTag(tag))
      .find((tag) => tag?.kind === kind)?.id ?? "none";
  const id = idIn(`${base}/berth`, "set");
  const images = imageNames.map((name) => ({ name, key: idIn(`${base}/${name}`, "key") }));
  return { id, images };
}

interface Command {
  readonly args: readonly string[];
  readonly phases: RegExp;
  /** The tag that it moves. */
  readonly moves?: string;
}

const commands: readonly Command[] = [
  {
    args: ["ensure", "--engine", "buildah"],
    phases: /PUT .*(?:built2|key2-X|berth\/manifests\/set2-X)$/,
  },
  { args: ["promote"], phases: /^PUT .*IMAGE/, moves: "latest" },
];

describe("a run that is killed", () => {
  let work: Workplace;
  let whole: Stand;
  before(async () => {
    work = await layOut();
    whole = await openStand(work);
  });
  after(async () => {
    await whole.stop();
    await work.folder.remove();
  });

  /** Ends a command at a boundary, those before it having run, looks at what it left, and runs it again. */
  async function killOnce(
    { kind, nth, moment, signal }: Kill,
    index: number,
    check: (stand: Stand, where: string) => void,
  ): Promise<void> {
    const { args } = commands[index]!;
    const where = `${args[0]} ${signal} ${moment} ${kind} (${nth})`;
    const hit = Promise.withResolvers<undefined>();
    const over = Promise.withResolvers<void>();
    let seen = 0;
    let isOn = false;
    const stand = await openStand(work, async (passing) => {
      const isHere = isOn && passing.moment === moment && kindOf(passing) === kind;
      if (!isHere || seen++ !== nth) return "pass";
      hit.resolve(undefined);
      await over.promise;
      return "cut";
    });
    try {
      for (const { args: earlier } of commands.slice(0, index)) await succeeds(stand, earlier);
      isOn = true;
      const child = stand.start(args);
      const end = ended(child);
      const missed = await Promise.race([hit.promise, end.then(({ stderr }) => stderr)]);
      assert.equal(missed, undefined, `${where}: not reached`);
      child.kill(signal);
      const { code, signal: by } = await end;
      over.resolve();
      assert.ok(by === signal || code === 143, `${where}: ended with ${code} ${by}`);
      await checkLeft(stand, signal, where);
      await succeeds(stand, args, where);
      assert.deepEqual(readdirSync(stand.tmp), [], where);
      check(stand, where);
    } finally {
      over.resolve();
      await stand.stop();
    }
  }

  async function succeeds(stand: Stand, args: readonly string[], where = "first"): Promise<void> {
    const { code, stderr } = await stand.run(args);
    assert.equal(code, 0, `${where}: ${stderr}`);
  }

  async function checkLeft(stand: Stand, signal: Kill["signal"], where: string): Promise<void> {
    const { memory, tmp } = stand;
    if (signal === "SIGTERM") {
      // What reads from our pipes ends with them, a moment later.
      const engines = () => processesOf(stand).filter((text) => !/ git /.test(text));
      assert.deepEqual(engines(), [], where);
      assert.deepEqual(readdirSync(tmp), [], where);
    }
    // An engine that nobody ended finishes its one command, which may be a push to the tag that nobody reads.
    await until(() => processesOf(stand).length === 0);
    assert.deepEqual(processesOf(stand), [], where);
    assert.deepEqual(openFolders(tmp), [], where);
    assert.deepEqual(incomplete(memory), [], where);
  }

  for (const [index, { args, phases, moves }] of commands.entries())
    test(`as \`${args[0]}\` leaves nothing half done, and the next one ends as if nothing had been`, async () => {
      const from = whole.gate.passed.length;
      await succeeds(whole, args);
      const kills = killsOf(whole.gate.passed.slice(from), phases);
      assert.ok(kills.length >= 4, `${kills.length}`);
      const wanted = tagsIn(whole.memory);
      const set = setIn(whole.memory);
      const limit = pLimit(3);
      const one = (kill: Kill) =>
        killOnce(kill, index, ({ memory }, where) => {
          assert.deepEqual(tagsIn(memory), wanted, where);
          assert.deepEqual(incomplete(memory), [], where);
          assert.deepEqual(disagreements(memory, base, set, moves), [], where);
          for (const { name, key } of set.images) {
            const history = historyOf(memory, `${base}/${name}`, ownTags.key(key));
            assert.ok(history.length <= 1, `${where}: ${name} had ${history.length} digests`);
          }
        });
      const results = await Promise.allSettled(kills.map((kill) => limit(() => one(kill))));
      const failed = results.filter((result) => result.status === "rejected");
      assert.deepEqual(
        failed.map(({ reason }) => String(reason.stack ?? reason)),
        [],
      );
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
      assert.notDeepEqual(await secretsIn(stand), []);
      child.kill(signal);
      await end;
      await left(stand);
    } finally {
      for (const pid of waitingIn(stand)) process.kill(pid);
      await stand.stop();
      await slow.folder.remove();
    }
  }

  test("by SIGTERM in the middle of a silent build takes its engine and its logins along", async () =>
    await killSilent("SIGTERM", async (stand) => {
      await until(() => processesOf(stand).length === 0);
      assert.deepEqual(processesOf(stand), []);
      assert.deepEqual(readdirSync(stand.tmp), []);
    }));

  test("by SIGKILL leaves an engine that says nothing, and logins in a private folder until the next run", async () =>
    await killSilent("SIGKILL", async (stand) => {
      assert.notDeepEqual(waitingIn(stand), []);
      assert.notDeepEqual(await secretsIn(stand), []);
      assert.deepEqual(openFolders(stand.tmp), []);
      const next = await stand.run(["plan"]);
      assert.equal(next.code, 0, next.stderr);
      assert.deepEqual(readdirSync(stand.tmp), []);
    }));
});

test("a test that is killed takes the services along that it has started", async () => {
  const services = new URL("../support/services.ts", import.meta.url);
  const script = `import { startService } from "${services}";
const { pid } = await startService("sleep", ["300"], "/dev/null", async () => true);
process.stdout.write(String(pid));
await new Promise((resolve) => setTimeout(resolve, 300_000));`;
  const child = startProgram(process.execPath, ["--input-type=module", "-e", script]);
  const over = once(child, "exit");
  const [pid] = await once(child.stdout!, "data");
  child.kill("SIGKILL");
  await over;
  await until(() => !existsSync(`/proc/${pid}`));
});

/** What lies in a job's temporary folder and others may look into. */
function openFolders(tmp: string): readonly string[] {
  return readdirSync(tmp).filter((name) => (statSync(join(tmp, name)).mode & 0o777) !== 0o700);
}

/** The processes of a job that do nothing but wait. */
function waitingIn(stand: Stand): readonly number[] {
  const waiting = processesOf(stand).filter((text) => text.includes("sleep 300"));
  return waiting.map((text) => Number.parseInt(text, 10));
}
