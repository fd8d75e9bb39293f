/** The report as one HTML page that needs no network and lets nothing run but its own script. */
import { createHash } from "node:crypto";
import { graphSection } from "./graph.ts";
import { type Markup, markup, printMarkup, verbatim } from "./markup.ts";
import { overview } from "./overview.ts";
import { tableSection } from "./rows.ts";
import { script } from "./script.ts";
import { shapeDefinitions } from "./shapes.ts";
import { style } from "./style.ts";
import { timelineSection } from "./timeline.ts";
import type { Report } from "./view.ts";
import { countStates, verdict } from "./words.ts";

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
