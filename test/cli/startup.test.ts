import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundle } from "../../scripts/bundle.ts";
import { plainKey } from "../../src/cli/plain.ts";
import { plainTop } from "../../src/host/top.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { program } from "../support/programs.ts";
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
  assert.equal(berth("bundle", cwd, ["--help"]), berth("sources", cwd, ["--help"]));
});

test("keys without files of a context take one run of git", (t) => {
  const cwd = makeRepository(t, { "one.docker": "FROM a\n", "two.docker": "FROM b\n" }).path;
  const spy = temporary(t);
  mkdirSync(join(spy, "bin"));
  const log = join(spy, "log");
  const script = `#!/bin/sh\necho "$1" >> ${log}\nexec ${program("git")} "$@"\n`;
  writeFileSync(join(spy, "bin/git"), script);
  chmodSync(join(spy, "bin/git"), 0o755);
  const PATH = `${join(spy, "bin")}:${process.env["PATH"]}`;
  berth("sources", cwd, ["key"], { PATH });
  assert.equal(readFileSync(log, "utf8"), "ls-files\n");
});

test("a plain command line for keys is read as the parser would", () => {
  assert.deepEqual(plainKey(["key"]), { names: [], options: { json: false } });
  assert.deepEqual(plainKey(["key", "a", "--json", "b"]), {
    names: ["a", "b"],
    options: { json: true },
  });
  for (const args of [["key", "--help"], ["key", "--rev", "x"], ["key", "--", "a"], ["plan"], []]) {
    assert.equal(plainKey(args), undefined, args.join(" "));
  }
});

test("the top is known without git only where git would say the same", (t) => {
  const repository = makeRepository(t, { "a/b": "x" });
  const { path } = repository;
  const config = join(path, ".git/config");
  const before = readFileSync(config, "utf8");
  assert.equal(plainTop(join(path, "a"), {}), path);
  assert.equal(plainTop(path, { GIT_DEPTH: "20" }), path);
  for (const name of ["GIT_DIR", "GIT_WORK_TREE", "GIT_CEILING_DIRECTORIES"]) {
    assert.equal(plainTop(path, { [name]: "/" }), undefined, name);
  }
  for (const setting of ["worktree = /", "bare = true", "bare"]) {
    writeFileSync(config, `${before}[core]\n\t${setting}\n`);
    assert.equal(plainTop(path, {}), undefined, setting);
  }
  writeFileSync(config, before);
  assert.equal(plainTop(join(path, ".git"), {}), undefined, "inside .git");
  assert.equal(plainTop(temporary(t), {}), undefined, "no repository");
  mkdirSync(join(path, "a/.git"));
  assert.equal(plainTop(join(path, "a"), {}), undefined, "an empty .git in between");
});
