/** What the registry holds, as bars with their numbers beside them and as lines of a summary. */
import { printBytes } from "../output/bytes.ts";
import { type Markup, markup } from "./markup.ts";
import { count } from "./words.ts";

export interface StoredRow {
  readonly name: string;
  readonly tags: number;
  /** All that these tags refer to. */
  readonly bytes: number;
  /** What no other row of the same list refers to. */
  readonly unique: number;
}

export interface Stored {
  /** All blobs, each counted once. */
  readonly total: number;
  readonly images: readonly StoredRow[];
  readonly kinds: readonly StoredRow[];
  /** By who needs the images. */
  readonly branches: readonly StoredRow[];
}

/** The section of the storage; nothing where the registry was not asked. */
export function storageSection(stored: Stored | undefined): Markup | undefined {
  if (stored === undefined) return undefined;
  const { images, kinds, branches } = stored;
  return markup`<section aria-labelledby="storage"><h2 id="storage">Storage</h2>
<ul>${storageWords(stored).map((words) => markup`<li>${words}</li>`)}</ul>
<ul class="legend" aria-label="Legend of the bars"><li>${sample("alone")} <b>alone</b> held by nothing else in the same table</li>
<li>${sample("shared")} <b>shared</b> held by others too, so counted in several rows</li></ul>
${table("stored-images", "By image", "Image", images)}
${table("stored-kinds", "By kind of tag", "Kind", kinds)}
${table("stored-branches", "By who needs it", "Needed by", branches)}
</section>`;
}

/** The totals, one sentence for each. */
export function storageWords({ total, images }: Stored): readonly string[] {
  const tags = images.reduce((sum, row) => sum + row.tags, 0);
  const alone = images.reduce((sum, row) => sum + row.unique, 0);
  return [
    `${printBytes(total)} in all, in ${count(tags, "tag")} of ${count(images.length, "image")}, what images share counted once.`,
    `${printBytes(alone)} of it held by one image alone, ${printBytes(total - alone)} shared by several.`,
  ];
}

function table(id: string, title: string, heading: string, rows: readonly StoredRow[]): Markup {
  const most = Math.max(1, ...rows.map(({ bytes }) => bytes));
  const heads = ["Tags", "Alone", "Shared", "Together"].map(
    (each) => markup`<th scope="col" class="number">${each}</th>`,
  );
  // What the bar shows is said in the cells beside it, so readers of the table are spared the column.
  return markup`<h3 id="${id}">${title}</h3>
<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table class="stored">
<thead><tr><th scope="col">${heading}</th><td aria-hidden="true"></td>${heads}</tr></thead>
<tbody>${rows.map((row) => tableRow(row, most))}</tbody></table></div>`;
}

function tableRow({ name, tags, bytes, unique }: StoredRow, most: number): Markup {
  const shared = bytes - unique;
  const numbers = [`${tags}`, ...[unique, shared, bytes].map(printBytes)];
  return markup`<tr><th scope="row"><span class="name">${name}</span></th>
<td class="drawing" aria-hidden="true">${bar(unique / most, shared / most)}</td>${numbers.map((text) => markup`<td class="number">${text}</td>`)}</tr>
`;
}

const length = 1000;
// A part too short to see is drawn a little longer; its bytes are said beside it.
const shortest = 4;

/** Two parts of a bar, each as a share of the longest bar. */
function bar(alone: number, shared: number): Markup {
  const [first, second] = [widthOf(alone), widthOf(shared)];
  return markup`<svg class="track" viewBox="0 0 ${length + 2 * shortest} 12" preserveAspectRatio="none">${part("alone", 0, first)}${part("shared", first, second)}</svg>`;
}

function widthOf(share: number): number {
  return share === 0 ? 0 : Math.max(shortest, share * length);
}

function part(kind: "alone" | "shared", x: number, width: number): Markup | undefined {
  if (width === 0) return undefined;
  return markup`<rect class="part is-${kind}" x="${x.toFixed(1)}" y="1" width="${width.toFixed(1)}" height="10"/>`;
}

function sample(kind: "alone" | "shared"): Markup {
  return markup`<svg class="sample" aria-hidden="true" viewBox="0 0 24 12" width="24" height="12">${part(kind, 1, 22)}</svg>`;
}
