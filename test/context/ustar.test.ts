import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pack } from "tar-stream";
import { type TarHeader, ustarHeader } from "../../src/context/tar.ts";

async function libraryHeader(header: TarHeader): Promise<Buffer> {
  const tar = pack();
  const { mtime, ...rest } = header;
  tar.entry({ ...rest, mtime: new Date(mtime * 1000), uid: 0, gid: 0 });
  for await (const block of tar as unknown as AsyncIterable<Buffer>) return block;
  throw new Error("no header");
}

const name = fc.stringMatching(/^[ -.0-~]{1,40}(\/[ -.0-~]{1,40}){0,2}$/);
const headers: fc.Arbitrary<TarHeader> = fc.oneof(
  fc.record({
    name,
    type: fc.constant("file" as const),
    mode: fc.constantFrom(0o644, 0o755),
    size: fc.nat(2 ** 31),
    mtime: fc.nat(2 ** 31 - 1),
    linkname: fc.constant(""),
  }),
  fc.record({
    name,
    type: fc.constant("symlink" as const),
    mode: fc.constant(0o777),
    size: fc.constant(0),
    mtime: fc.nat(2 ** 31 - 1),
    linkname: name,
  }),
  fc.record({
    name,
    type: fc.constant("directory" as const),
    mode: fc.constant(0o755),
    size: fc.constant(0),
    mtime: fc.nat(2 ** 31 - 1),
    linkname: fc.constant(""),
  }),
);

test("a plain header is the library's to the byte", async () => {
  await fc.assert(
    fc.asyncProperty(headers, async (header) => {
      const block = ustarHeader(header);
      if (block !== undefined) assert.deepEqual(block, await libraryHeader(header));
      else assert.ok(header.name.length > 100 || header.linkname.length > 100);
    }),
  );
});

test("what the plain form cannot hold is left to pax headers", () => {
  const plain: TarHeader = {
    name: "a",
    type: "file",
    mode: 0o644,
    size: 0,
    mtime: 0,
    linkname: "",
  };
  const others: Partial<TarHeader>[] = [
    { name: "x".repeat(101) },
    { name: "ü" },
    { linkname: "ü" },
    { linkname: "x".repeat(101) },
    { size: 8 * 1024 ** 3 },
  ];
  for (const change of others) assert.equal(ustarHeader({ ...plain, ...change }), undefined);
  assert.equal(
    ustarHeader({ ...plain, name: "x".repeat(100), size: 8 * 1024 ** 3 - 1 })?.length,
    512,
  );
});
