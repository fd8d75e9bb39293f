/** The top of a report: how it stands, what went wrong and what to do, what was saved. */
import { printBytes } from "../output/print.ts";
import { type Markup, markup } from "./markup.ts";
import { shapeOf } from "./shapes.ts";
import type { Report, ReportImage } from "./view.ts";
import { count, countStates, printSeconds, savedWords, verdict } from "./words.ts";

export function overview(report: Report): Markup {
  return markup`<header><p class="brand">berth report</p><h1>${verdict(report)}</h1>
<ul class="counts">${countsOf(report)}</ul>
<dl class="facts">${facts(report).map(([term, value]) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl></header>
${failures(report)}
${notes(report)}
<section aria-labelledby="saved"><h2 id="saved">Saved against building all of them</h2>
<ul>${savedWords(report).map((words) => markup`<li>${words}</li>`)}</ul></section>`;
}

function countsOf(report: Report): readonly Markup[] {
  return countStates(report).map(
    ([state, number]) => markup`<li>${shapeOf(state)} ${number} ${state}</li>`,
  );
}

function facts({
  revision,
  pipeline,
  set,
  images,
  work,
  size,
}: Report): readonly [string, Markup][] {
  const code = (text: string): Markup => markup`<code>${text}</code>`;
  const all: readonly [string, Markup | undefined][] = [
    ["Commit", revision === null ? undefined : code(revision.slice(0, 12))],
    ["Pipeline", pipeline === null ? undefined : code(pipeline)],
    ["Set", code(set.id.slice(0, 12))],
    ["Work", work === undefined ? undefined : markup`${printSeconds(work.elapsed)}`],
    ["Size", size.images === 0 ? undefined : sizeWords(size, images.length)],
  ];
  return all.filter((fact): fact is [string, Markup] => fact[1] !== undefined);
}

function sizeWords({ bytes, images }: Report["size"], all: number): Markup {
  return markup`${printBytes(bytes)}${images === all ? "" : `, of ${images} of ${count(all, "image")}`}`;
}

function failures({ images }: Report): Markup | undefined {
  const lost = images.flatMap((image, index) =>
    image.error === null ? [] : [failure(image, index)],
  );
  if (lost.length === 0) return undefined;
  return markup`<section class="failures" aria-labelledby="failures"><h2 id="failures">What went wrong</h2><ul>${lost}</ul></section>`;
}

function failure({ name, state, error, optional }: ReportImage, index: number): Markup {
  const weight = optional
    ? markup` <small>optional, so the set goes on without it</small>`
    : undefined;
  const hint = error?.hint == null ? undefined : markup`<p><b>Next:</b> ${error.hint}</p>`;
  return markup`<li id="failure-${index}" data-image="${index}">${shapeOf(state)} <a href="#image-${index}">${name}</a> ${state}${weight}
<p>${error?.message} <code>${error?.code}</code></p>${hint}</li>`;
}

function notes({ warnings, dirty }: Report): Markup | undefined {
  const lines = [...warnings, ...dirty.map((file) => `not as committed: ${file}`)];
  if (lines.length === 0) return undefined;
  return markup`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2><ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul></section>`;
}
