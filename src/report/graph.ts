/** The images as a graph: what is built from what, and how each stands. */
import { type Layout, layOut, type Place } from "./layout.ts";
import { type Markup, markup } from "./markup.ts";
import { classOf, shapeOf } from "./shapes.ts";
import type { Report, ReportImage } from "./view.ts";
import { count, countStates, meanings } from "./words.ts";

const box = { width: 236, height: 40, across: 316, down: 52, margin: 6 };
const longest = 26;

/** The section of the graph: connected images drawn, the others listed below. */
export function graphSection({ images }: Report): Markup {
  const layout = layOut(images);
  return markup`<section aria-labelledby="graph"><h2 id="graph">What is built from what</h2>
${legend(images)}
${layout.places.length === 0 ? undefined : drawn(images, layout)}
${layout.alone.length === 0 ? undefined : listed(images, layout)}
</section>`;
}

function legend(images: readonly ReportImage[]): Markup {
  const entries = countStates({ images }).map(
    ([state, number]) =>
      markup`<li>${shapeOf(state)} <b>${state}</b> ${number}, ${meanings[state]}</li>`,
  );
  return markup`<ul class="legend" aria-label="Legend">${entries}</ul>`;
}

function drawn(images: readonly ReportImage[], layout: Layout): Markup {
  const { places, layers, rows } = layout;
  const width = (layers - 1) * box.across + box.width + 2 * box.margin;
  const height = rows * box.down + 2 * box.margin;
  const byNode = new Map(places.map((place) => [place.node, place]));
  const lines = places.flatMap((place) => linesTo(place, images, byNode));
  const nodes = places.map((place) => node(place, images[place.node] as ReportImage));
  return markup`<p class="note">Lines lead from an image to those built from it. Choosing an image leads to its row in the table.</p>
<div class="scroll"><svg class="graph" role="group" aria-labelledby="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<g aria-hidden="true">${lines}</g>
${nodes}</svg></div>`;
}

function linesTo(
  to: Place,
  images: readonly ReportImage[],
  byNode: ReadonlyMap<number, Place>,
): readonly Markup[] {
  return (images[to.node]?.parents ?? []).flatMap((parent) => {
    const from = byNode.get(parent);
    if (from === undefined) return [];
    const [start, end] = [corner(from), corner(to)];
    const [x1, y1] = [start.x + box.width, start.y + box.height / 2];
    const [x2, y2] = [end.x, end.y + box.height / 2];
    const bend = (box.across - box.width) / 2;
    const way = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
    return [markup`<path class="edge" data-from="${parent}" data-to="${to.node}" d="${way}"/>`];
  });
}

function corner({ layer, row }: Place): { readonly x: number; readonly y: number } {
  return { x: box.margin + layer * box.across, y: box.margin + row * box.down };
}

function node(place: Place, image: ReportImage): Markup {
  const { x, y } = corner(place);
  const { name, state, reason } = image;
  return markup`<a class="node ${classOf(state)}" href="#image-${place.node}" data-image="${place.node}" transform="translate(${x} ${y})"><title>${name} ${state}, ${reason}</title>
<rect class="box" width="${box.width}" height="${box.height}" rx="6"/><use class="shape ${classOf(state)}" href="#shape-${classOf(state)}" x="10" y="12" width="16" height="16"/>
<text x="36" y="17">${shorten(name)}</text><text class="state" x="36" y="33">${state}</text></a>
`;
}

function listed(images: readonly ReportImage[], { alone, places }: Layout): Markup {
  const chips = alone.map((index) => {
    const { name, state, reason } = images[index] as ReportImage;
    return markup`<li><a class="node ${classOf(state)}" href="#image-${index}" data-image="${index}" title="${reason}">${shapeOf(state)}<span class="name">${name}</span> <span class="state">${state}</span></a></li>
`;
  });
  const title =
    places.length === 0 ? undefined : markup`<h3>${count(alone.length, "image")} on their own</h3>`;
  return markup`${title}<ul class="chips">${chips}</ul>`;
}

/** A name that fits its box, the ends kept, since that is where names differ. */
function shorten(name: string): string {
  if (name.length <= longest) return name;
  const half = (longest - 1) / 2;
  return `${name.slice(0, Math.ceil(half))}…${name.slice(-Math.floor(half))}`;
}
