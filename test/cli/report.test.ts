import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { base, layOut, openStand, type Stand, type Workplace } from "../resilience/workplace.ts";

const files = ["junit.xml", "report.html", "summary.md"];

describe("berth report", () => {
  let workplace: Workplace;
  let stand: Stand;
  before(async () => {
    workplace = await layOut();
    stand = await openStand(workplace);
  });
  after(async () => {
    await stand?.stop();
    await workplace?.folder.remove();
  });

  const pathOf = (output: string, file = "") => join(dirname(stand.tmp), output, file);
  const read = (output: string, file: string) => readFile(pathOf(output, file), "utf8");
  const run = async (args: readonly string[], output: string, code = 0) => {
    const end = await stand.run(args, output);
    assert.equal(end.code, code, end.stderr);
    return end;
  };

  test("ensure tells of what it built, with times, sizes and reasons", async () => {
    await run(["ensure"], "built");
    const there = await readdir(pathOf("built"));
    assert.ok(files.every((name) => there.includes(name)));
    const page = await read("built", "report.html");
    assert.match(page, /<h1>All 3 images are there<\/h1>/);
    assert.match(
      await read("built", "summary.md"),
      /^\| parent \| built \| .* \| \d.* s \| .*B \|$/m,
    );
    assert.match(await read("built", "junit.xml"), /tests="3" failures="0" skipped="0"/);
    const again = JSON.parse((await run(["report", "--json"], "built")).stdout);
    assert.equal(again.size.images, 3);
    assert.equal(await read("built", "report.html"), page);
  });

  test("where nothing was built, sizes and times are asked of the registry only when told so", async () => {
    await run(["ensure"], "there");
    assert.match(await read("there", "summary.md"), /3 reused[\s\S]*3 build jobs not run/);
    const saved = async (...flags: string[]) =>
      JSON.parse((await run(["report", "--json", ...flags], "there")).stdout).saved;
    const before = stand.memory.requests.length;
    assert.deepEqual(await saved(), { jobs: 3, seconds: 0, timed: 0, bytes: 0, weighed: 0 });
    assert.equal(stand.memory.requests.length, before);
    const asked = await saved("--sizes");
    assert.deepEqual([asked.jobs, asked.timed, asked.weighed], [3, 3, 3]);
    assert.ok(asked.bytes > 0);
  });

  test("plan tells of what is to be made, publish of what is missing where it fails for that", async () => {
    const other = await layOut({ "other.Dockerfile": "FROM scratch\nRUN another\n" });
    const own = await openStand(other);
    const summary = () => readFile(join(dirname(own.tmp), "out/summary.md"), "utf8");
    try {
      assert.equal((await own.run(["plan"])).code, 0);
      assert.match(await summary(), /^## 3 of 3 images to be made$/m);
      assert.equal((await own.run(["build", "parent", "child"])).code, 0);
      const published = await own.run(["publish"]);
      assert.match(published.stderr, /\[SET_INCOMPLETE\]/);
      assert.match(await summary(), /^## 1 of 3 images to be made$/m);
      assert.match(await summary(), /^\| other \| to build \|/m);
    } finally {
      await own.stop();
      await other.folder.remove();
    }
  });

  test("ensure tells of what it built where publishing fails afterwards", async () => {
    const own: Stand = await openStand(workplace, async ({ method, path, moment }) => {
      const isRecord = method === "PUT" && path.includes("/berth/manifests/set");
      // Then the record refers to what is not there, and is refused.
      if (isRecord && moment === "before")
        own.memory.repositories.get(`${base}/berth`)?.blobs.clear();
      return "pass";
    });
    try {
      const { code, stderr } = await own.run(["ensure"]);
      assert.equal(code, 1, stderr);
      const summary = await readFile(join(dirname(own.tmp), "out/summary.md"), "utf8");
      assert.match(summary, /^3 built$/m);
    } finally {
      await own.stop();
    }
  });

  test("a report that cannot be written is a warning, and fails no job", async () => {
    await mkdir(pathOf("blocked", "report.html/in-the-way"), { recursive: true });
    const { stderr } = await run(["ensure"], "blocked");
    assert.match(stderr, /the report could not be written: /);
  });

  test("without a plan, or with a damaged outcome, the command says what is wrong", async () => {
    const none = await run(["report"], "nothing", 64);
    assert.match(none.stderr, /plan\.json: there is none \[PLAN_INVALID\]/);
    await writeFile(pathOf("built", "outcome/other.json"), "{");
    const damaged = await run(["report"], "built", 64);
    assert.match(damaged.stderr, /outcome\/other\.json: .*\[PLAN_INVALID\]\n {2}hint: /);
  });
});
