/** The images as a table: everything that the graph and the timeline show, in words. */

import { bytesOf, printBytes, shortReference } from "../output/print.ts";
import { type Markup, markup } from "./markup.ts";
import { classOf, shapeOf } from "./shapes.ts";
import type { Report, ReportImage } from "./view.ts";
import { printSeconds, states } from "./words.ts";

const headings = ["Image", "State", "Because", "Time", "Size", "Built from", "Reference"];

/** The section of the table; each row carries what the page's script sorts and filters by. */
export function tableSection({ images }: Report): Markup {
  const heads = headings.map((heading) => markup`<th scope="col">${heading}</th>`);
  const rows = images.map((image, index) => row(image, index, images));
  return markup`<section aria-labelledby="images"><h2 id="images" tabindex="-1">All images</h2>
<div class="scroll" role="region" aria-label="Table of all images" tabindex="0"><table class="images">
<thead><tr>${heads}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

function row(image: ReportImage, index: number, images: readonly ReportImage[]): Markup {
  const { name, state, reason, seconds, blobs, parents, reference, optional, error } = image;
  const bytes = blobs === undefined ? undefined : bytesOf(blobs);
  const links = parents.map(
    (parent) => markup`<li><a href="#image-${parent}">${images[parent]?.name}</a></li>`,
  );
  const failure =
    error === null ? undefined : markup` <a href="#failure-${index}">what went wrong</a>`;
  return markup`<tr id="image-${index}" tabindex="-1" class="${classOf(state)}" data-image="${index}" data-state="${state}" data-name="${name}" data-parents="${parents.join(" ")}">
<th scope="row"><span class="name">${name}</span>${optional ? markup` <small>optional</small>` : undefined}</th>
<td data-order="${states.indexOf(state)}">${shapeOf(state)} ${state}</td><td>${reason}${failure}</td>
<td class="number" data-order="${seconds ?? -1}">${seconds === undefined ? dash : printSeconds(seconds)}</td>
<td class="number" data-order="${bytes ?? -1}">${bytes === undefined ? dash : printBytes(bytes)}</td>
<td>${links.length === 0 ? dash : markup`<ul class="plain">${links}</ul>`}</td>
<td>${reference === null ? dash : fullReference(reference)}</td></tr>
`;
}

function fullReference(reference: string): Markup {
  const short = shortReference(reference);
  if (short === reference) return markup`<code>${reference}</code>`;
  return markup`<details><summary><code>${short}</code></summary><code>${reference}</code></details>`;
}

const dash = markup`<span class="unseen">none</span><span aria-hidden="true">–</span>`;
