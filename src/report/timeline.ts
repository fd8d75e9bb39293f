/** When each image was worked on, one bar for each. */
import { type Markup, markup } from "./markup.ts";
import { classOf, shapeOf } from "./shapes.ts";
import type { Report, ReportImage, Work } from "./view.ts";
import { printSeconds } from "./words.ts";

/** The section of the timeline; nothing where no work has been timed. */
export function timelineSection({ images, work }: Report): Markup | undefined {
  if (work === undefined) return undefined;
  const scale = scaleOf(work.elapsed);
  const bars = images
    .map((image, index) => ({ image, index }))
    .filter(({ image }) => image.started !== undefined && image.seconds !== undefined)
    .sort((a, b) => (a.image.started ?? 0) - (b.image.started ?? 0))
    .map(({ image, index }) => bar(image, index, work, scale.end));
  const ticks = scale.ticks.map((seconds) => markup`<span>${printTick(seconds)}</span>`);
  const began = new Date(work.from).toISOString().replace("T", " ").slice(0, 19);
  return markup`<section aria-labelledby="timeline"><h2 id="timeline">When it was made</h2>
<p>${printSeconds(work.elapsed)} from the first start, at ${began} UTC, to the last end; ${printSeconds(work.summed)} if one had followed the other.</p>
<div class="axis" aria-hidden="true">${ticks}</div>
<ol class="timeline">${bars}</ol></section>`;
}

function bar(image: ReportImage, index: number, work: Work, end: number): Markup {
  const { name, state, started = 0, seconds = 0 } = image;
  const after = (started - work.from) / 1000;
  const x = (after / end) * 1000;
  // A bar too short to see is drawn a little longer; its length is said beside it.
  const width = Math.max(4, (seconds / end) * 1000);
  return markup`<li data-image="${index}"><a href="#image-${index}">${shapeOf(state)}<span class="name">${name}</span></a>
<svg class="track" aria-hidden="true" viewBox="0 0 1004 12" preserveAspectRatio="none"><rect class="bar ${classOf(state)}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="12"/></svg>
<span class="time">${printSeconds(seconds)}<span class="unseen">, ${state}, started after ${printSeconds(after)}</span></span></li>
`;
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

interface Scale {
  readonly end: number;
  readonly ticks: readonly number[];
}

/** At most seven ticks at round times, the last at or after the end. */
export function scaleOf(elapsed: number): Scale {
  const step = steps.find((each) => elapsed / each <= 6) ?? Math.ceil(elapsed / 6 / 86400) * 86400;
  const parts = Math.max(1, Math.ceil(elapsed / step));
  return {
    end: parts * step,
    ticks: Array.from({ length: parts + 1 }, (_, index) => index * step),
  };
}

function printTick(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = seconds % 60 === 0 ? "" : ` ${seconds % 60} s`;
  return hours === 0
    ? `${minutes} min${rest}`
    : `${hours} h${minutes === 0 ? "" : ` ${minutes} min`}`;
}
