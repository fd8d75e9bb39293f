/** The report as one HTML page that needs no network and lets nothing run but its own script. */
import { createHash } from "node:crypto";
import { bytesOf, printBytes } from "../output/print.ts";
import { count } from "../output/table.ts";
import { graphSection } from "./graph.ts";
import { classOf, script, shapeDefinitions, shapeOf, style } from "./look.ts";
import { type Markup, markup, printMarkup, verbatim } from "./markup.ts";
import { type Report, type ReportImage, states, type Work } from "./view.ts";
import { countStates, printSeconds, savedWords, verdict } from "./words.ts";

/** Prints the page; all that was read is text in it, and the policy names style and script by hash. */
export function printPage(report: Report): string {
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,"><title>berth: ${verdict(report)}</title>
<style>${verbatim(style)}</style></head><body>
<a class="skip" href="#images">To the table of all images</a>
${shapeDefinitions()}
<main>${overview(report)}
${filter(report)}
${graphSection(report)}
${timelineSection(report)}
${tableSection(report)}</main>
<script>${verbatim(script)}</script></body></html>
`;
  return printMarkup(page);
}

/** See Content Security Policy Level 3, "hash-source". */
function policy(): string {
  const hash = (text: string): string =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Hidden until the script is there to serve it. */
function filter(report: Report): Markup {
  const boxes = countStates(report).map(
    ([state, number]) =>
      markup`<label><input type="checkbox" name="state" value="${state}" checked> ${state} (${number})</label>`,
  );
  return markup`<form class="filter" hidden role="search" aria-label="Show only some images">
<label>Name <input type="search" name="name" autocomplete="off" spellcheck="false"></label>
<fieldset><legend class="unseen">State</legend>${boxes}</fieldset><output aria-live="polite"></output></form>`;
}

/** The top: how it stands, what went wrong and what to do, what was saved. */
function overview(report: Report): Markup {
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

function facts(report: Report): readonly [string, Markup][] {
  const { revision, pipeline, links, set, images, work, size } = report;
  const code = (text: string): Markup => markup`<code>${text}</code>`;
  const all: readonly [string, Markup | undefined][] = [
    ["Commit", revision === null ? undefined : linked(links.commit, code(revision.slice(0, 12)))],
    ["Pipeline", pipeline === null ? undefined : linked(links.pipeline, code(pipeline))],
    ["Set", code(set.id.slice(0, 12))],
    ["Work", work === undefined ? undefined : markup`${printSeconds(work.elapsed)}`],
    ["Size", size.images === 0 ? undefined : sizeWords(size, images.length)],
  ];
  return all.filter((fact): fact is [string, Markup] => fact[1] !== undefined);
}

function linked(address: string | undefined, content: Markup): Markup {
  return address === undefined ? content : markup`<a href="${address}">${content}</a>`;
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

function failure({ name, state, error, optional, job }: ReportImage, index: number): Markup {
  const weight = optional
    ? markup` <small>optional, so the set goes on without it</small>`
    : undefined;
  const hint = error?.hint == null ? undefined : markup`<p><b>Next:</b> ${error.hint}</p>`;
  const log = job === undefined ? undefined : markup`, <a href="${job}">log of its job</a>`;
  const output = error?.output ?? [];
  const last =
    output.length === 0
      ? undefined
      : markup`<pre aria-label="Last lines of the build of ${name}">${output.join("\n")}</pre>`;
  return markup`<li id="failure-${index}" data-image="${index}">${shapeOf(state)} <a href="#image-${index}">${name}</a> ${state}${weight}${log}
<p>${error?.message} <code>${error?.code}</code></p>${hint}${last}</li>`;
}

function notes({ warnings, dirty }: Report): Markup | undefined {
  const lines = [...warnings, ...dirty.map((file) => `not as committed: ${file}`)];
  if (lines.length === 0) return undefined;
  return markup`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2><ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul></section>`;
}

/** The section of the timeline; nothing where no work has been timed. */
function timelineSection({ images, work }: Report): Markup | undefined {
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

const headings = ["Image", "State", "Because", "Time", "Size", "Built from", "Reference"];

/** The section of the table; each row carries what the page's script sorts and filters by. */
function tableSection({ images }: Report): Markup {
  const heads = headings.map((heading) => markup`<th scope="col">${heading}</th>`);
  const rows = images.map((image, index) => row(image, index, images));
  return markup`<section aria-labelledby="images"><h2 id="images" tabindex="-1">All images</h2>
<div class="scroll" role="region" aria-label="Table of all images" tabindex="0"><table class="images">
<thead><tr>${heads}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

function row(image: ReportImage, index: number, images: readonly ReportImage[]): Markup {
  const { name, state, reason, diff, seconds, blobs, parents, reference, optional, error, job } =
    image;
  const bytes = blobs === undefined ? undefined : bytesOf(blobs);
  const links = parents.map(
    (parent) => markup`<li><a href="#image-${parent}">${images[parent]?.name}</a></li>`,
  );
  const failure =
    error === null ? undefined : markup` <a href="#failure-${index}">what went wrong</a>`;
  return markup`<tr id="image-${index}" tabindex="-1" class="${classOf(state)}" data-image="${index}" data-state="${state}" data-name="${name}" data-parents="${parents.join(" ")}">
<th scope="row"><span class="name">${name}</span>${optional ? markup` <small>optional</small>` : undefined}</th>
<td data-label="State" data-order="${states.indexOf(state)}">${shapeOf(state)} ${linked(job, markup`${state}`)}</td><td data-label="Because">${reason}${failure}${diff.length === 0 ? undefined : changes(diff)}</td>
<td data-label="Time" class="number" data-order="${seconds ?? -1}">${seconds === undefined ? dash : printSeconds(seconds)}</td>
<td data-label="Size" class="number" data-order="${bytes ?? -1}">${bytes === undefined ? dash : printBytes(bytes)}</td>
<td data-label="Built from">${links.length === 0 ? dash : markup`<ul class="plain">${links}</ul>`}</td>
<td data-label="Reference">${reference === null ? dash : fullReference(reference)}</td></tr>
`;
}

/** Explain's diff, folded; a sign says what a colour says too. */
function changes(diff: readonly string[]): Markup {
  const lines = diff.map((line) => {
    const [, sign = ""] = /^ *([+-]) /.exec(line) ?? [];
    const kind = { "+": "added", "-": "removed" }[sign] ?? "same";
    return markup`<span class="${kind}">${line}</span>
`;
  });
  return markup`<details><summary>what changed</summary><pre>${lines}</pre></details>`;
}

function fullReference(reference: string): Markup {
  const short = reference.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
  if (short === reference) return markup`<code>${reference}</code>`;
  return markup`<details><summary><code>${short}</code></summary><code>${reference}</code></details>`;
}

const dash = markup`<span class="unseen">none</span><span aria-hidden="true">–</span>`;
