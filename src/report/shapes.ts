/** A shape for each state, so that nobody needs colours to tell them apart. */
import { type Markup, markup } from "./markup.ts";
import type { ImageState } from "./view.ts";
import { states } from "./words.ts";

const square = markup`<rect x="2.5" y="2.5" width="11" height="11"/>`;
const diamond = markup`<path d="M8 1l7 7-7 7-7-7z"/>`;
const pair = markup`<rect x="1.5" y="1.5" width="9" height="9"/><rect class="over" x="5.5" y="5.5" width="9" height="9"/>`;

const shapes: Readonly<Record<ImageState, Markup>> = {
  failed: markup`<path class="line" d="M3 3l10 10M13 3L3 13"/>`,
  skipped: markup`<circle class="hollow" cx="8" cy="8" r="6.5"/><path class="line" d="M4 8h8"/>`,
  built: square,
  refreshed: diamond,
  adopted: markup`<rect class="hollow" x="2.5" y="2.5" width="11" height="11"/><rect x="6" y="6" width="4" height="4"/>`,
  copied: pair,
  reused: markup`<circle class="hollow" cx="8" cy="8" r="6"/>`,
  "to build": markup`<g class="open">${square}</g>`,
  "to refresh": markup`<g class="open">${diamond}</g>`,
  "to copy": markup`<rect class="hollow" x="2" y="2" width="8" height="8"/><rect class="hollow behind" x="6" y="6" width="8" height="8"/>`,
};

/** The name of a state's class in the style. */
export function classOf(state: ImageState): string {
  return `is-${state.replace(" ", "-")}`;
}

/** All shapes and the pattern of what failed, to be put once into the page. */
export function shapeDefinitions(): Markup {
  const symbols = states.map(
    (state) =>
      markup`<symbol id="shape-${classOf(state)}" viewBox="0 0 16 16">${shapes[state]}</symbol>`,
  );
  return markup`<svg class="definitions" aria-hidden="true" width="0" height="0"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6"/></pattern>
${symbols}</defs></svg>`;
}

/** The shape of a state inside text; the word beside it is what is read aloud. */
export function shapeOf(state: ImageState): Markup {
  return markup`<svg class="shape ${classOf(state)}" aria-hidden="true" width="16" height="16"><use href="#shape-${classOf(state)}"/></svg>`;
}
