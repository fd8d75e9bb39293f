import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { realFiles, recognise } from "../../src/host/files.ts";
import { removeLeftFolders } from "../../src/host/temporary.ts";
import { temporary } from "../context/repository.ts";

const files = realFiles();

test("what is absent reads as undefined, also below a file", async (t) => {
  const folder = temporary(t);
  writeFileSync(join(folder, "file"), "x");
  for (const path of ["nope", "file/below", "no/such"]) {
    assert.equal(await files.read(join(folder, path)), undefined);
    assert.equal(await files.entry(join(folder, path)), undefined);
  }
  await assert.rejects(files.read(folder), /EISDIR/);
});

test("what is removed is gone with all below it, and may have been gone before", async (t) => {
  const folder = temporary(t);
  mkdirSync(join(folder, "a/b"), { recursive: true });
  for (let times = 0; times < 2; times++) await files.remove(join(folder, "a"));
  assert.deepEqual(readdirSync(folder), []);
});

test("a write makes folders, sets the mode, and leaves nothing beside the file", async (t) => {
  const folder = temporary(t);
  const path = join(folder, "a/b/secret");
  await files.write(path, "one", 0o600);
  await files.write(path, "two", 0o600);
  assert.equal((await files.read(path))?.toString(), "two");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(folder, "a/b")), ["secret"]);
});

test("a folder that cannot be made is no bug of berth's, and an error at once", async () => {
  for (const path of ["/proc/x/y/z", "/proc/x/y", "/sys/x/y"]) {
    const error: unknown = await files.write(path, "").catch((caught: unknown) => caught);
    const told = recognise(error);
    assert.ok(told instanceof BerthError, String(error));
    assert.match(told.message, /^mkdir \/(proc|sys)\/x: /);
    assert.match(told.hint ?? "", /--output/);
    assert.equal(recognise(Object.assign(error as Error, { code: "X" })), error);
  }
});

test("limits of a process are told with what raises them", async () => {
  const module = JSON.stringify(join(import.meta.dirname, "../../src/host/files.ts"));
  const folder = await files.temporary("berth-test-");
  const script = `const { openSync } = await import("node:fs");
    const { realFiles, recognise } = await import(${module});
    const tell = (error) => console.log(recognise(error).code, recognise(error).hint);
    await realFiles().write(process.argv[1], Buffer.alloc(100_000)).catch(tell);
    for (;;) try { openSync("/dev/null") } catch { break }
    await realFiles().read("/proc/uptime").catch(tell);`;
  const shell = `ulimit -n 64; ulimit -f 1; "$0" --input-type=module -e "$1" "$2"`;
  const args = ["-c", shell, process.execPath, script, join(folder.path, "x")];
  const told = execFileSync("sh", args).toString();
  await folder.remove();
  assert.match(told, /^FILE_REFUSED .*\(ulimit -f\).*\nFILE_REFUSED .*\(ulimit -n/);
});

test("a write that fails leaves no draft", async (t) => {
  const folder = temporary(t);
  await files.write(join(folder, "taken/x"), "");
  await assert.rejects(files.write(join(folder, "taken"), "data"));
  assert.deepEqual(readdirSync(folder), ["taken"]);
});

test("a write that fails says of which file", { skip: !existsSync("/dev/full") }, async (t) => {
  const folder = temporary(t);
  mkdirSync(join(folder, "taken"));
  await assert.rejects(files.write(join(folder, "taken"), "x"), { path: join(folder, "taken") });
  // Here not even a draft can be made.
  await assert.rejects(files.write("/proc/x", "x"), { path: "/proc/x" });
  const full = Readable.from(["x"]);
  const told = { code: "ENOSPC", path: "/dev/full" };
  await assert.rejects(pipeline(full, files.writer("/dev/full")), told);
});

test("many files are read as they are now, whatever was seen, while timers and signals have their turn", async (t) => {
  const folder = temporary(t);
  const at = (name: string, size: number) => ({ path: join(folder, name), size });
  const before = { same: "same", longer: "longer", short: "s", none: "" };
  for (const [name, text] of Object.entries(before)) writeFileSync(join(folder, name), text);
  const large = Buffer.alloc(300_000, "x");
  writeFileSync(join(folder, "large"), large);
  const small = [at("same", 4), at("longer", 4), at("short", 4), at("none", 0)];
  const seen = [...small, at("large", 300_000)];
  let turns = 0;
  setImmediate(() => turns++);
  const found = await files.readMany([at("gone", 4), at("same/x", 4), ...seen, at("same", 4)]);
  assert.equal(turns, 1);
  assert.deepEqual(found.slice(0, 2), [undefined, undefined]);
  const texts = found.slice(2).map(String);
  assert.deepEqual(texts, ["same", "longer", "s", "", String(large), "same"]);
  const told = { code: "EISDIR", path: folder };
  await assert.rejects(files.readMany([{ path: folder, size: 4 }]), told);
});

test("entries are seen without following links", async (t) => {
  const folder = temporary(t);
  writeFileSync(join(folder, "file"), "four");
  chmodSync(join(folder, "file"), 0o766);
  symlinkSync("file", join(folder, "link"));
  const entry = await files.entry(join(folder, "file"));
  assert.deepEqual(entry, { kind: "file", executable: true, size: 4 });
  assert.equal((await files.entry(join(folder, "link")))?.kind, "symlink");
  assert.equal((await files.readLink(join(folder, "link"))).toString(), "file");
  assert.equal((await files.entry(folder))?.kind, "directory");
});

test("a temporary folder is private and goes with remove", async () => {
  const folder = await files.temporary("berth-test-");
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
  await files.write(join(folder.path, "x/y"), "z");
  await folder.remove();
  assert.equal(existsSync(folder.path), false);
});

const module = JSON.stringify(join(import.meta.dirname, "../../src/host/files.ts"));
const makeFolder = `const { realFiles } = await import(${module});
  const folder = await realFiles().temporary("berth-test-");
  await realFiles().write(folder.path + "/secret", "x");
  console.log(folder.path);`;

test("a temporary folder has one place for programs in any folder, whatever TMPDIR says", (t) => {
  const cwd = temporary(t);
  mkdirSync(join(cwd, "tmp"));
  const args = ["--input-type=module", "-e", `${makeFolder} process.exit()`];
  const env = { ...process.env, TMPDIR: "./tmp" };
  const path = execFileSync(process.execPath, args, { cwd, env }).toString().trim();
  assert.equal(dirname(path), join(cwd, "tmp"));
});

test("a temporary folder goes when the process exits", () => {
  const script = `${makeFolder} process.exit(3)`;
  const shell = `"${process.execPath}" --input-type=module -e '${script}' || true`;
  const path = execFileSync("sh", ["-c", shell]).toString().trim();
  assert.match(path, /berth-test-/);
  assert.equal(existsSync(path), false);
});

test("a temporary folder goes when a signal ends the process, and the signal still ends it", async () => {
  const script = `${makeFolder} setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const [chunk] = await once(child.stdout, "data");
  const path = String(chunk).trim();
  assert.equal(existsSync(path), true);
  child.kill("SIGTERM");
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGTERM");
  assert.equal(existsSync(path), false);
});

test("what a killed process left goes with the next one, and what belongs to others stays", async (t) => {
  const TMPDIR = temporary(t);
  const start = (more = "") =>
    spawn(process.execPath, ["--input-type=module", "-e", `${makeFolder} ${more}`], {
      env: { ...process.env, TMPDIR },
    });
  const killed = start("process.kill(process.pid, 'SIGKILL');");
  await once(killed, "exit");
  const [left = ""] = readdirSync(TMPDIR);
  const [word, kind, machine, pid, end] = left.split("-");
  assert.equal(pid, String(killed.pid));
  const foreign = [
    `${word}-${kind}-${machine}-${process.pid}-${end}`,
    `${word}-${kind}-00000000-${pid}-${end}`,
    `${word}-${kind}-${end}`,
    `other-${left}`,
  ];
  for (const name of foreign) mkdirSync(join(TMPDIR, name));
  symlinkSync(join(TMPDIR, foreign[0] ?? ""), join(TMPDIR, `${left}x`));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = TMPDIR;
  await removeLeftFolders();
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  assert.deepEqual(readdirSync(TMPDIR).sort(), [...foreign, `${left}x`].sort());
});
