import assert from "node:assert/strict";
import { test } from "node:test";
import { promote } from "../../src/publish/promote.ts";
import { client } from "../registry/clients.ts";
import type { Flow } from "../support/flow.ts";
import { contentOf, made, type Project } from "./flows.ts";
import { subjects } from "./subjects.ts";
import { openWorkshop } from "./workshop.ts";

/** Versions of buildah differ in how many caches they read, those of Docker in nothing here. */
const { docker: _, ...chosen } = subjects;

for (const [name, make] of Object.entries(chosen)) {
  const workshop = openWorkshop(make);

  /** Builds an image of which every edit leaves the first layer as it is, and gives what is in that. */
  async function edited(edit: string, more: Partial<Project> = {}) {
    const random = "RUN cat /proc/sys/kernel/random/uuid > /random";
    const flow = await made(workshop, {
      path: "acme/tools",
      dockerfiles: { one: `FROM ${workshop.base()}\n${random}\nCOPY f /f\n` },
      files: { f: edit },
      ...more,
    });
    const { tree } = await contentOf(workshop, flow, "one");
    const layer = tree.get("random");
    assert.ok(layer?.kind === "file");
    return { flow, layer: layer.sha };
  }

  const promoted = async ({ plan }: Flow) => {
    const base = { host: workshop.host(), path: "acme/tools" };
    const registry = client(undefined);
    const never = async () => undefined;
    const { kind } = await promote({ plan, base, registry, now: new Date() }, "latest", never);
    assert.equal(kind, "promoted");
  };

  test(`${name} goes on from no layer older than the last refresh, and a refresh from none at all`, async () => {
    const forced = { env: { QEMU_CI_FORCE_REBUILD: "1", CI_PIPELINE_ID: "200" } };
    const { engine, forget } = workshop.subject();
    const first = await edited("1");
    assert.equal((await edited("2")).layer, first.layer, "an edit goes on from the cache");

    const refresh = await edited("2", forced);
    assert.notEqual(refresh.layer, first.layer, "a refresh makes all anew");
    if (engine.name === "buildah")
      assert.equal((await edited("2b")).layer, first.layer, "nobody finds it on this machine");
    await forget();
    assert.equal((await edited("3")).layer, first.layer, "nobody finds it in the registry");

    await promoted(refresh.flow);
    const near = await edited("4");
    assert.notEqual(near.layer, first.layer, "what is on this machine is older");
    await forget();
    const after = await edited("5");
    assert.notEqual(after.layer, first.layer, "what is in the registry is older");
    const fork = { path: "jane/tools", upstream: "acme" };
    assert.equal((await edited("6", fork)).layer, after.layer, "a fork on this machine");
    await forget();
    assert.equal((await edited("7", fork)).layer, after.layer, "a fork on another machine");

    if (engine.name === "buildah") return;
    // A daemon that lives takes the newest layer of a step, be it of a refresh that was not promoted yet.
    const later = await edited("7", { env: { ...forced.env, CI_PIPELINE_ID: "300" } });
    assert.equal((await edited("8")).layer, later.layer);
  });
}
