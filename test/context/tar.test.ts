import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { pack } from "tar-stream";
import { describeContext } from "../../src/context/context.ts";
import { contentTime, folderTime, packContext } from "../../src/context/tar.ts";
import type { Tree } from "../../src/context/tree.ts";
import { realFiles } from "../../src/host/files.ts";
import { unpackTar } from "../../src/host/unpack.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";
import { temporary } from "./repository.ts";

const everything = [{ kind: "everything", line: 1 }] as const;

async function packed(files: Readonly<Record<string, MemoryFile>>, sink?: Writable, context = "") {
  const tree = memoryTree(files);
  const request = { dockerfile: "D", context, sources: everything };
  return packContext(tree, context, (await describeContext(tree, request)).entries, sink);
}

const small: Readonly<Record<string, MemoryFile>> = {
  "a/deep/file": "one\n",
  "a-b": { exec: "#!/bin/sh\n" },
  link: { link: "a/deep/file" },
  "hidden/x": "",
  ".dockerignore": "hidden/*",
  größe: "ü",
  [`long/${"n".repeat(120)}/${"m".repeat(180)}`]: "long",
  "long-link": { link: `${"t/".repeat(80)}x` },
};

test("GOLDEN: another digest here means other keys for every image that copies files", async () => {
  const whole = "sha256:ceae196f75b13e334681c9e7abf59011ccc38c942e12cb9dc43816f286452f6b";
  const none = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
  const pointers: never[] = [];
  const found = await packed(small);
  assert.deepEqual(found, { digest: whole, pointers });
  assert.deepEqual(await packed({}), { digest: none, pointers });
});

test("a time follows from the content alone, differs with it, and is one that zip can hold", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(255), (array, other) => {
      const bytes = Buffer.from(array);
      const time = contentTime(bytes);
      assert.equal(contentTime(Buffer.from(bytes)), time);
      // A day's grace, for zip holds local times.
      assert.ok(time >= Date.UTC(1980, 0, 2) / 1000 && time < Date.UTC(2010, 1, 1) / 1000);
      if (bytes.length === 0 || bytes[0] === other) return;
      bytes[0] = other;
      assert.notEqual(contentTime(bytes), time);
    }),
  );
});

test("what is hashed is what the sink gets, however slow it is", async () => {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  const result = await packed({ ...small, big: "x".repeat(3_000_000) }, sink);
  const bytes = Buffer.concat(chunks);
  assert.equal(result.digest, `sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  assert.equal(sink.writableFinished, true);
});

test("files that are pointers of Git LFS are told, with the line that reaches them", async () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
  const { pointers } = await packed({
    "big.bin": pointer,
    "link.bin": { link: pointer },
    "notes.txt": ` ${pointer}`,
    "long.txt": pointer + "x".repeat(1024),
  });
  assert.equal(pointers.map(({ path, line }) => `${path}:${line}`).join(), "big.bin:1");
});

test("a sink that fails and a file that vanishes end the packing with their error", async () => {
  const full = new Writable({ write: (_, __, done) => done(new Error("disk full")) });
  await assert.rejects(packed({ a: "x".repeat(1_000_000), b: "y" }, full), /disk full/);
  const gone = { path: "ctx/b/gone", kind: "file", executable: false, line: 1 } as const;
  const odd = { ...gone, path: "ctx/l", kind: "symlink" } as const;
  const huge = async () => [Buffer.alloc(2 ** 31)];
  const none = memoryTree({});
  for (const [tree, entry, message] of [
    [none, gone, /pack ctx\/b\/gone .*it is gone/],
    [{ ...none, readMany: huge }, gone, /larger than 2 GiB/],
    [none, { ...gone, size: 2 ** 31 }, /larger than 2 GiB/],
    [memoryTree({ "ctx/l": { link: "a\0b" } }), odd, /not UTF-8 text/],
  ] as const)
    await assert.rejects(packContext(tree, "ctx", [entry]), message);
});

/** Everything below a folder as text, with modes and times. */
function look(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below))
    .sort()
    .flatMap((name) => {
      const path = join(below, name);
      const stats = lstatSync(join(folder, path));
      const seen = `${path} ${(stats.mode & 0o7777).toString(8)} ${stats.mtimeMs}`;
      if (stats.isDirectory()) return [seen, ...look(folder, path)];
      const absolute = join(folder, path);
      const content = stats.isSymbolicLink()
        ? readlinkSync(absolute)
        : readFileSync(absolute, "utf8");
      return [`${seen} ${content}`];
    });
}

for (const umask of [0o000, 0o022, 0o077])
  test(`a context is laid out exactly under umask ${umask.toString(8)}`, async (t) => {
    const folder = temporary(t);
    const tar = join(folder, "context.tar");
    await packed(small, realFiles().writer(tar));
    const target = join(folder, "target");
    const before = process.umask(umask);
    t.after(() => process.umask(before));
    mkdirSync(target);
    await unpackTar(tar, target);
    const time = folderTime * 1000;
    const of = (content: string) => contentTime(Buffer.from(content)) * 1000;
    const long = "n".repeat(120);
    const expected = [
      `.dockerignore 644 ${of("hidden/*")} hidden/*`,
      `a 755 ${time}`,
      `a-b 755 ${of("#!/bin/sh\n")} #!/bin/sh\n`,
      `a/deep 755 ${time}`,
      `a/deep/file 644 ${of("one\n")} one\n`,
      `größe 644 ${of("ü")} ü`,
      `hidden 755 ${time}`,
      `link 777 ${of("a/deep/file")} a/deep/file`,
      `long 755 ${time}`,
      `long-link 777 ${of(`${"t/".repeat(80)}x`)} ${"t/".repeat(80)}x`,
      `long/${long} 755 ${time}`,
      `long/${long}/${"m".repeat(180)} 644 ${of("long")} long`,
    ];
    assert.deepEqual(look(target).sort(), expected.sort());
    const top = lstatSync(target);
    assert.deepEqual([top.mode & 0o777, top.mtimeMs], [0o755, time]);
  });

/** Entries of a tar, each as `type name target`. */
const hostile: Readonly<Record<string, string>> = {
  "a path upwards": "file ../x",
  "a path upwards inside": "directory a, file a/../../x",
  "an absolute path": "file /tmp/berth-hostile",
  "a path through a link": "symlink a /tmp, file a/x",
  "a path below a folder that is not in the tar": "file a/x",
  "the folder itself": "directory .",
  "a hard link": "link a /etc/passwd",
  "a link to nothing": "symlink a",
  "a device": "character-device a",
  "a name twice": "symlink a /tmp/berth-hostile, file a",
};

for (const [name, entries] of Object.entries(hostile))
  test(`unpacking refuses ${name}`, async (t) => {
    const folder = temporary(t);
    const tar = pack();
    for (const entry of entries.split(", ")) {
      const [type, path = "", linkname] = entry.split(" ");
      const header = { name: path, type, ...(linkname === undefined ? {} : { linkname }) };
      tar.entry(header as Parameters<typeof tar.entry>[0], type === "file" ? "x" : "");
    }
    tar.finalize();
    const bytes = await Array.fromAsync(tar as unknown as AsyncIterable<Buffer>);
    writeFileSync(join(folder, "tar"), Buffer.concat(bytes));
    mkdirSync(join(folder, "target"));
    await assert.rejects(unpackTar(join(folder, "tar"), join(folder, "target")));
    assert.deepEqual(readdirSync(folder).sort(), ["tar", "target"]);
    assert.equal(lstatSync("/tmp/berth-hostile", { throwIfNoEntry: false }), undefined);
  });

test("unpacking a tar that is not there or cut short fails", async (t) => {
  const folder = temporary(t);
  await assert.rejects(unpackTar(join(folder, "none"), folder), /ENOENT/);
  const tar = join(folder, "cut");
  await packed({ a: "x".repeat(10_000) }, realFiles().writer(tar));
  writeFileSync(tar, readFileSync(tar).subarray(0, 5000));
  mkdirSync(join(folder, "target"));
  await assert.rejects(unpackTar(tar, join(folder, "target")));
});

test("a context is read by blocks, with one asked for ahead", async () => {
  const names = Array.from({ length: 400 }, (_, index) => `d${index % 3}/f${index}`);
  const all = memoryTree(Object.fromEntries(names.map((name) => [name, name])));
  const request = { dockerfile: "D", context: "", sources: everything };
  const { entries } = await describeContext(all, request);
  let [asked, read, most] = [0, 0, 0];
  const readMany: Tree["readMany"] = async (paths) => {
    asked += paths.length;
    most = Math.max(most, asked - read);
    await new Promise(setImmediate);
    read += paths.length;
    return all.readMany(paths);
  };
  const many = await packContext({ ...all, readMany }, "", entries);
  assert.deepEqual(many, await packContext(all, "", entries));
  // Two blocks of 64, of which one entry is a folder.
  assert.equal(most, 127);
  const hold = packContext({ ...all, readMany: async () => [] }, "", entries);
  await assert.rejects(hold, { code: "CONTEXT_INVALID", message: /it is gone/ });
});
