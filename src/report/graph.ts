/** The images as a graph: what is built from what, and how each stands. */
import { graphlib, layout } from "@dagrejs/dagre";
import { classOf, shapeOf } from "./look.ts";
import { type Markup, markup } from "./markup.ts";
import type { Report, ReportImage } from "./view.ts";
import { count, countStates, meanings } from "./words.ts";

const box = { width: 236, height: 40 };
const gaps = { ranksep: 80, nodesep: 12, marginx: 6, marginy: 6 };
const longest = 26;

/** The section of the graph: connected images drawn, the others listed below. */
export function graphSection({ images }: Report): Markup {
  const placed = layOut(images);
  return markup`<section aria-labelledby="graph"><h2 id="graph">What is built from what</h2>
${legend(images)}
${placed.places.length === 0 ? undefined : drawn(images, placed)}
${placed.alone.length === 0 ? undefined : listed(images, placed)}
</section>`;
}

function legend(images: readonly ReportImage[]): Markup {
  const entries = countStates({ images }).map(
    ([state, number]) =>
      markup`<li>${shapeOf(state)} <b>${state}</b> ${number}, ${meanings[state]}</li>`,
  );
  return markup`<ul class="legend" aria-label="Legend">${entries}</ul>`;
}

function drawn(images: readonly ReportImage[], placed: Layout): Markup {
  const { places, lines, width, height } = placed;
  const nodes = places.map((place) => node(place, images[place.node] as ReportImage));
  return markup`<p class="note">Lines lead from an image to those built from it. Choosing an image leads to its row in the table.</p>
<div class="scroll"><svg class="graph" role="group" aria-labelledby="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<g aria-hidden="true">${lines.map(drawnLine)}</g>
${nodes}</svg></div>`;
}

function drawnLine({ from, to, points: [start, ...points] }: Line): Markup {
  let way = `M${start.x} ${start.y}`;
  let before = start;
  for (const point of points) {
    const middle = (before.x + point.x) / 2;
    way += `C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    before = point;
  }
  return markup`<path class="edge" data-from="${from}" data-to="${to}" d="${way}"/>`;
}

function node(place: Place, image: ReportImage): Markup {
  const { x, y } = place;
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

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The upper left corner of an image's box. */
interface Place extends Point {
  readonly node: number;
}

interface Line {
  readonly from: number;
  readonly to: number;
  readonly points: readonly [Point, ...Point[]];
}

export interface Layout {
  readonly places: readonly Place[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
  /** Nodes without parents and children, in their own order. */
  readonly alone: readonly number[];
}

/** Lays out what is built from what, children to the right of their parents. */
export function layOut(nodes: readonly { readonly parents: readonly number[] }[]): Layout {
  const edges = nodes.flatMap(({ parents }, to) => parents.map((from) => ({ from, to })));
  const isJoined = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const joined = [...nodes.keys()].filter((node) => isJoined.has(node));
  const graph = new graphlib.Graph().setGraph({ rankdir: "LR", ...gaps });
  for (const node of joined) graph.setNode(String(node), { ...box });
  for (const { from, to } of edges) graph.setEdge(String(from), String(to), {});
  if (joined.length > 0) layout(graph);
  const centre = (node: number): Point => graph.node(String(node)) as Point;
  const lines = edges.map(({ from, to }): Line => {
    const { points } = graph.edge(String(from), String(to)) as { readonly points: Point[] };
    const [start, end] = [centre(from), centre(to)];
    return {
      from,
      to,
      points: [
        { x: start.x + box.width / 2, y: start.y },
        ...points.slice(1, -1),
        { x: end.x - box.width / 2, y: end.y },
      ],
    };
  });
  const places = joined.map((node) => {
    const { x, y } = centre(node);
    return { node, x: x - box.width / 2, y: y - box.height / 2 };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const alone = [...nodes.keys()].filter((node) => !isJoined.has(node));
  return { places, lines, width, height, alone };
}
