/** The report as one HTML page that needs no network and lets nothing run. */
import { createHash } from "node:crypto";
import { bytesOf, printBytes } from "../output/print.ts";
import { count } from "../output/table.ts";
import { classOf, style } from "./look.ts";
import { type Markup, markup, printMarkup, verbatim } from "./markup.ts";
import {
  countStates,
  meanings,
  printSeconds,
  type Report,
  type ReportImage,
  savedWords,
  states,
  verdict,
} from "./view.ts";

/** Prints the page; all that was read is text in it, and the policy names the style by hash. */
export function printPage(report: Report): string {
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,"><title>berth: ${verdict(report)}</title>
<style>${verbatim(style)}</style></head><body>
<a class="skip" href="#images">To the table of all images</a>
<main>${overview(report)}
${graphSection(report)}
${tableSection(report)}</main></body></html>
`;
  return printMarkup(page);
}

/** See Content Security Policy Level 3, "hash-source". */
function policy(): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
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
    ([state, number]) => markup`<li class="${classOf(state)}">${number} ${state}</li>`,
  );
}

function facts(report: Report): readonly [string, Markup][] {
  const { revision, pipeline, links, set, images, size } = report;
  const code = (text: string): Markup => markup`<code>${text}</code>`;
  const all: readonly [string, Markup | undefined][] = [
    ["Commit", revision === null ? undefined : linked(links.commit, code(revision.slice(0, 12)))],
    ["Pipeline", pipeline === null ? undefined : linked(links.pipeline, code(pipeline))],
    ["Set", code(set.id.slice(0, 12))],
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
  return markup`<li id="failure-${index}"><a href="#image-${index}">${name}</a> ${state}${weight}${log}
<p>${error?.message} <code>${error?.code}</code></p>${hint}${last}</li>`;
}

function notes({ warnings, dirty }: Report): Markup | undefined {
  const lines = [...warnings, ...dirty.map((file) => `not as committed: ${file}`)];
  if (lines.length === 0) return undefined;
  return markup`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2><ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul></section>`;
}

const headings = ["Image", "State", "Because", "Time", "Size", "Built from", "Reference"];

/** The section of the table; what a person has to look at first stands first. */
function tableSection({ images }: Report): Markup {
  const heads = headings.map((heading) => markup`<th scope="col">${heading}</th>`);
  const rows = images
    .map((image, index) => ({ rank: states.indexOf(image.state), row: row(image, index, images) }))
    .sort((a, b) => a.rank - b.rank)
    .map((one) => one.row);
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
  return markup`<tr id="image-${index}" tabindex="-1">
<th scope="row"><span class="name">${name}</span>${optional ? markup` <small>optional</small>` : undefined}</th>
<td data-label="State"><span class="${classOf(state)}">${state}</span>${job === undefined ? undefined : markup` <a href="${job}">log</a>`}</td><td data-label="Because">${reason}${failure}${diff.length === 0 ? undefined : changes(diff)}</td>
<td data-label="Time" class="number">${seconds === undefined ? dash : printSeconds(seconds)}</td>
<td data-label="Size" class="number">${bytes === undefined ? dash : printBytes(bytes)}</td>
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

const dash = markup`<span class="unseen">none</span><span aria-hidden="true">${"\u2013"}</span>`;

/** The section of the graph: images below what they are built from. */
function graphSection({ images }: Report): Markup {
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
