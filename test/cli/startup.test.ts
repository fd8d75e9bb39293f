import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundle } from "../../scripts/bundle.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

const sources = join(import.meta.dirname, "../../src/cli.ts");
let folder: Folder;

before(async () => {
  folder = await temporaryFolder("berth-bundle-");
  await bundle(join(folder.path, "dist"));
});
after(() => folder.remove());

function berth(entry: "bundle" | "sources", cwd: string, args: string[], env = {}): string {
  const file = entry === "bundle" ? join(folder.path, "dist/berth.js") : sources;
  const options = { cwd, env: { ...process.env, ...env }, encoding: "utf8" } as const;
  return execFileSync(process.execPath, [file, ...args], options);
}

const files = {
  Dockerfile: "FROM debian\nCOPY data /data\n",
  "data/file": "content\n",
  "other.docker": "FROM project/image AS a\nRUN make\n",
};

test("the bundle gives the keys that the sources give", (t) => {
  const { path } = makeRepository(t, { ...files, "berth.yml": "parents: project/{name}\n" });
  for (const args of [["key", "--json"], ["key"], ["--json", "key", "other"]]) {
    const [bundled, direct] = [berth("bundle", path, args), berth("sources", path, args)];
    assert.equal(bundled, direct);
    assert.match(bundled, /[0-9a-f]{64}/);
  }
  const repository = makeRepository(t, files);
  repository.commit();
  const args = ["key", "--rev", "HEAD", "--json"];
  assert.equal(
    berth("bundle", repository.path, args),
    berth("bundle", repository.path, ["key", "--json"]),
  );
});

test("the bundle says its version and lists its commands", (t) => {
  const cwd = temporary(t);
  assert.match(berth("bundle", cwd, ["--version"]), /^\d+\.\d+\.\d+\n$/);
  for (const args of [["--help"], ["help", "trust"]])
    assert.equal(berth("bundle", cwd, args), berth("sources", cwd, args));
});
