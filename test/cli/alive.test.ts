import assert from "node:assert/strict";
import { test } from "node:test";
import { openProject, signOfLife } from "../../src/cli/project.ts";
import { realWorld } from "../../src/host/world.ts";
import { makeRepository } from "../context/repository.ts";

test("nothing is said of what is quick, and of what is long how far it is every five seconds", () => {
  let now = 0;
  const said: string[] = [];
  const clock = { now: () => new Date(now) };
  const step = signOfLife({ clock, log: { info: (text) => said.push(text) } }, (n) => `${n} read`);
  for (let count = 0; count < 49; count++) step();
  now = 4999;
  step();
  assert.deepEqual(said, []);
  for (; now < 12_000; now += 100) step();
  assert.deepEqual(said, ["52 read", "102 read"]);
});

test("reading a context gives signs of life, in the working tree and at a revision", async (t) => {
  const repository = makeRepository(t, {
    "berth.yml": "images: [ci/*.docker]\n",
    "ci/a.docker": "FROM debian\nCOPY src /src\n",
    "src/a": "a",
    "src/b": "b",
  });
  repository.commit();
  for (const rev of [undefined, "HEAD"]) {
    const world = realWorld();
    let seconds = 0;
    const now = () => {
      seconds += 6;
      return new Date(seconds * 1000);
    };
    const said: string[] = [];
    const project = await openProject(
      {
        ...{ ...world, cwd: repository.path },
        clock: { ...world.clock, now },
        log: { ...world.log, info: (text) => said.push(text) },
      },
      rev === undefined ? {} : { rev },
    );
    await project.identify();
    await world.close();
    assert.match(said.at(-1) ?? "", /^2 files of .* read so far$/);
  }
});
