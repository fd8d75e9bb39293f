import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { printPage } from "../../src/report/page.ts";
import type { Stored, StoredRow } from "../../src/report/storage-view.ts";
import { storageWords } from "../../src/report/storage-view.ts";
import { printSummary } from "../../src/report/summary.ts";
import { makeReport, type Report } from "../../src/report/view.ts";
import { planned, planOf } from "./samples.ts";

const plain = makeReport(planOf([planned("debian", "reuse")]), [], new Map());

function withImages(images: readonly StoredRow[], total = 0): Report & { storage: Stored } {
  return { ...plain, storage: { total, images, kinds: [], branches: [] } };
}

const row = (name: string, unique: number, bytes: number): StoredRow => ({
  ...{ name, unique, bytes },
  tags: 2,
});

describe("the storage on the page", () => {
  // Alone and together of a row, beside one of 1000 bytes; where the parts of its bar start and end.
  const cases: readonly (readonly [number, number, string, string[]])[] = [
    [1000, 1000, "2|1.0 kB|0 B|1.0 kB", ["alone 0.0 1000.0"]],
    [0, 500, "2|0 B|500 B|500 B", ["shared 0.0 500.0"]],
    [250, 1000, "2|250 B|750 B|1.0 kB", ["alone 0.0 250.0", "shared 250.0 750.0"]],
    [1, 2, "2|1 B|1 B|2 B", ["alone 0.0 4.0", "shared 4.0 4.0"]],
    [0, 0, "2|0 B|0 B|0 B", []],
  ];
  for (const [unique, bytes, numbers, parts] of cases) {
    test(`${unique} of ${bytes} bytes alone are drawn to scale and said in numbers`, () => {
      const page = printPage(withImages([row("app", unique, bytes), row("full", 1000, 1000)]));
      const [, html = ""] = /<span class="name">app<\/span>(.*?)<\/tr>/s.exec(page) ?? [];
      const cells = [...html.matchAll(/<td class="number">([^<]*)<\/td>/g)].map(([, text]) => text);
      assert.equal(cells.join("|"), numbers);
      const drawn = [...html.matchAll(/part is-(\w+)" x="([^"]*)" y="1" width="([^"]*)"/g)];
      assert.deepEqual(
        drawn.map(([, kind, x, width]) => `${kind} ${x} ${width}`),
        parts,
      );
    });
  }

  test("names are text, in every table", () => {
    const name = `a"><script>alert('1')</script>&\u0000`;
    const rows = [row(name, 1, 2)];
    const storage = { total: 2, images: rows, kinds: rows, branches: rows };
    const page = printPage({ ...plain, storage });
    const escaped = "a&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\ufffd";
    assert.equal(page.split(`<span class="name">${escaped}</span>`).length, 4);
    assert.doesNotMatch(page, /alert\('1'\)| style="/);
  });

  test("is there only where the registry was asked, even if it holds nothing", () => {
    assert.doesNotMatch(printPage(plain), /id="storage"/);
    assert.doesNotMatch(printSummary(plain), /Storage/);
    const page = printPage(withImages([]));
    assert.match(page, /0 B in all, in 0 tags of 0 images/);
    assert.doesNotMatch(page, /NaN|Infinity/);
  });
});

test("the summary tells the totals, shared bytes counted once", () => {
  const report = withImages([row("app", 300, 1000), row("old", 50, 750)], 1050);
  assert.deepEqual(storageWords(report.storage), [
    "1.1 kB in all, in 4 tags of 2 images, what images share counted once.",
    "350 B of it held by one image alone, 700 B shared by several.",
  ]);
  assert.match(printSummary(report), /### Storage\n\n- 1\.1 kB in all.*\n- 350 B of it held/);
});
