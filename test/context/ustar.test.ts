import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pack } from "tar-stream";
import { endOfTar, type TarEntry, tarEntry } from "../../src/context/ustar.ts";

async function ofLibrary(entry: TarEntry, content?: Buffer): Promise<Buffer> {
  const tar = pack();
  const { mtime, linkname, ...rest } = entry;
  const link = linkname === "" ? {} : { linkname };
  const header = { ...rest, ...link, mtime: new Date(mtime * 1000), uid: 0, gid: 0 };
  const { type } = entry as { type: "file" };
  if (content === undefined) tar.entry({ ...header, type, size: 0 });
  else tar.entry({ ...header, type, size: content.length }, content);
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as unknown as AsyncIterable<Buffer>));
}

const element = fc.oneof(
  fc.stringMatching(/^[ -.0-~]{1,120}$/),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
    .filter((text) => !/[\0/]/.test(text)),
);
const name = fc.array(element, { minLength: 1, maxLength: 5 }).map((all) => all.join("/"));
const mtime = fc.nat(2 ** 31 - 1);
const content = fc.uint8Array({ maxLength: 1100 }).map((bytes) => Buffer.from(bytes));
const mode = fc.constantFrom(0o644, 0o755, 0o777);
const plain = { name, mode, mtime, linkname: fc.constant("") };
const entries: fc.Arbitrary<readonly [TarEntry, Buffer | undefined]> = fc.oneof(
  fc.tuple(fc.record({ ...plain, type: fc.constant("file" as const) }), content),
  fc.tuple(
    fc.oneof(
      fc.record({ ...plain, type: fc.constant("symlink" as const), linkname: name }),
      fc.record({ ...plain, type: fc.constant("directory" as const) }),
    ),
    fc.constant(undefined),
  ),
);

test("an entry is the library's to the byte, whatever its names are", async () =>
  await fc.assert(
    fc.asyncProperty(entries, async ([entry, bytes]) => {
      const written = Buffer.concat([...tarEntry(entry, bytes), endOfTar]);
      assert.deepEqual(written, await ofLibrary(entry, bytes));
    }),
    { numRuns: 500 },
  ));

for (const [what, long] of [
  ["as long as the plain form takes", "x".repeat(100)],
  ["one letter longer", "x".repeat(101)],
  ["with a slash in the last place that helps", `${"p".repeat(155)}/${"x".repeat(100)}`],
  ["with too much in front of a slash", `${"p".repeat(156)}/${"x".repeat(100)}`],
  ["with too much behind a slash", `p/${"x".repeat(101)}`],
  ["whose record has two digits just so", `${"x".repeat(88)}ü`],
  ["whose record needs a third for its own digits", `${"x".repeat(89)}ü`],
] as const)
  test(`a name ${what} is written as by the library`, async () => {
    for (const linkname of ["", long]) {
      const type = linkname === "" ? "file" : "symlink";
      const entry = { name: long, type, mode: 0o644, mtime: 5, linkname } as const;
      const written = Buffer.concat([...tarEntry(entry), endOfTar]);
      const content = type === "file" ? Buffer.alloc(0) : undefined;
      assert.deepEqual(written, await ofLibrary(entry, content));
    }
  });
