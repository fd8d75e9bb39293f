/** What an image or a work tree is compared with where nobody says: the commit that work began at. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  commitHere,
  imageAgainst,
  revisionAgainst,
  shortCommit,
  startAgainst,
} from "../../src/explain/explanation.ts";
import { keyOf, ownTags } from "../../src/image/key.ts";
import { makeImageManifest } from "../../src/oci/manifest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { committed } from "../context/repository.ts";
import { testImage } from "../registry/clients.ts";
import { keyInputs } from "../support/keyed.ts";

test("work is compared with where it left the first branch that is there, and begun on it with HEAD or the commit before", async (t) => {
  const repository = committed(t, { a: "1" });
  const start = repository.run("rev-parse", "HEAD");
  repository.write({ a: "2" });
  const head = repository.commit();
  const git = await repository.open();
  const against = async (dirty: boolean, defaultBranch?: string) => {
    const found = await startAgainst(head, dirty, defaultBranch, git);
    const at = [start, head].indexOf(found?.revision ?? "");
    return `${found?.label}: ${["start", "head"][at]}`;
  };
  repository.run("checkout", "-q", "-b", "work");
  const branch = (name: string, at: string) => repository.run("update-ref", name, at);
  for (const name of ["master", "main"]) branch(`refs/heads/${name}`, start);
  repository.run("update-ref", "-d", "refs/heads/master");
  assert.equal(await against(false), "the merge base with main: start");
  branch("refs/remotes/origin/main", start);
  assert.equal(await against(false), "the merge base with origin/main: start");
  branch("refs/remotes/origin/HEAD", start);
  assert.equal(await against(false), "the merge base with origin/HEAD: start");
  branch("refs/heads/trunk", start);
  assert.equal(await against(false, "trunk"), "the merge base with trunk: start");
  branch("refs/remotes/origin/trunk", start);
  assert.equal(await against(true, "trunk"), "the merge base with origin/trunk: start");
  branch("refs/remotes/origin/trunk", head);
  assert.equal(await against(true, "trunk"), "HEAD: head");
  assert.equal(await against(false, "trunk"), "the commit before: start");
});

test("a commit that is not here is none, whatever an annotation says", async (t) => {
  const repository = committed(t, { a: "1" });
  const head = repository.run("rev-parse", "HEAD");
  const git = await repository.open();
  const { revision, label } = (await revisionAgainst("HEAD", git)) ?? {};
  assert.deepEqual([revision, label], [head, "HEAD"]);
  assert.equal(await revisionAgainst("nowhere", git), undefined);
  assert.equal(await commitHere(head, git), head);
  for (const said of ["HEAD", "--all", "0".repeat(40)])
    assert.equal(await commitHere(said, git), undefined, said);
  assert.equal(shortCommit(head), head.slice(0, 12));
  assert.equal(shortCommit("\u001b[2J"), '"\\u001b[2J"');
});

test("an image says its commit and its key, or what it has instead", async () => {
  const reference = parseReference("r.example/debian:latest");
  const { content } = testImage("debian").manifest;
  assert.ok(content.kind === "image");
  const key = keyOf(keyInputs("FROM x"));
  const revision = "org.opencontainers.image.revision";
  for (const [annotations, expected] of [
    [{}, [null, null]],
    [{ [revision]: "abc", "berth.key": ownTags.key(key) }, ["abc", key]],
    [{ "berth.key": "key1-old" }, [null, "key1-old"]],
  ] as const) {
    const manifest = makeImageManifest(content.config, content.layers, annotations);
    const found = await imageAgainst(reference, "latest", { get: async () => manifest });
    assert.deepEqual([found?.revision, found?.key], expected);
    assert.equal(found?.reference, `r.example/debian@${manifest.descriptor.digest}`);
  }
  const nowhere = { get: async () => undefined };
  assert.equal(await imageAgainst(reference, "latest", nowhere), undefined);
});
