/** The images as a graph: what is built from what, and how each stands. */
import { classOf } from "./look.ts";
import { type Markup, markup } from "./markup.ts";
import { countStates, meanings, type Report, type ReportImage } from "./view.ts";

/** The section of the graph: images below what they are built from. */
export function graphSection({ images }: Report): Markup {
  return markup`<section aria-labelledby="graph"><h2 id="graph">What is built from what</h2>
${legend(images)}
<p class="note">An image stands below the one that it is built from. Choosing one leads to its row in the table.</p>
<ul class="graph">${treesOf(images).map((tree) => drawn(tree, images))}</ul></section>`;
}

function legend(images: readonly ReportImage[]): Markup {
  const entries = countStates({ images }).map(
    ([state, number]) =>
      markup`<li><b class="${classOf(state)}">${state}</b> ${number}, ${meanings[state]}</li>`,
  );
  return markup`<ul class="legend" aria-label="Legend">${entries}</ul>`;
}

function drawn({ node, children }: Branch, images: readonly ReportImage[]): Markup {
  const { name, state, reason, parents } = images[node] as ReportImage;
  const others = parents.slice(1).map((parent) => images[parent]?.name);
  const also =
    others.length === 0 ? undefined : markup`<small>also from ${others.join(", ")}</small>`;
  const below = children.map((child) => drawn(child, images));
  return markup`<li><a class="node" href="#image-${node}" title="${reason}"><span class="name">${name}${also}</span> <span class="state ${classOf(state)}">${state}</span></a>
${below.length === 0 ? undefined : markup`<ul>${below}</ul>`}</li>
`;
}

/** An image, and those whose first parent it is. */
interface Branch {
  readonly node: number;
  readonly children: readonly Branch[];
}

/** Every image once, first those that others are built from; also of a damaged plan, where parents form a circle. */
export function treesOf(
  nodes: readonly { readonly parents: readonly number[] }[],
): readonly Branch[] {
  const byParent = Map.groupBy(nodes.keys(), (node) => nodes[node]?.parents[0]);
  const placed = new Set<number>();
  const grow = (node: number): Branch => {
    placed.add(node);
    const children = (byParent.get(node) ?? []).filter((child) => !placed.has(child));
    return { node, children: children.map(grow) };
  };
  const whole = (byParent.get(undefined) ?? []).map(grow);
  const circles = [...nodes.keys()].flatMap((node) => (placed.has(node) ? [] : [grow(node)]));
  const isAlone = ({ children }: Branch): number => (children.length === 0 ? 1 : 0);
  return [...whole, ...circles].sort((a, b) => isAlone(a) - isAlone(b));
}
