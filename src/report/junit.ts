/** The report as JUnit XML, which GitLab shows in merge requests (artifacts:reports:junit). */
import { type Markup, markup, printMarkup, verbatim } from "./markup.ts";
import type { Report, ReportImage } from "./view.ts";
import { meanings } from "./words.ts";

/** Prints one test case for each image. */
export function printJunit({ images }: Report): string {
  const cases = images.map((image) => ({ image, end: endOf(image) }));
  const number = (kind: End["kind"]): number => cases.filter(({ end }) => end.kind === kind).length;
  const seconds = images.reduce((sum, image) => sum + (image.seconds ?? 0), 0);
  const document = markup`${verbatim('<?xml version="1.0" encoding="UTF-8"?>')}
<testsuites><testsuite name="berth" tests="${images.length}" failures="${number("failure")}" skipped="${number("skipped")}" errors="0" time="${seconds.toFixed(3)}">
${cases.map(({ image, end }) => testCase(image, end))}</testsuite></testsuites>
`;
  return printMarkup(document);
}

type End =
  | { readonly kind: "passed" }
  | {
      readonly kind: "failure";
      readonly type: string;
      readonly message: string;
      readonly more: string;
    }
  | { readonly kind: "skipped"; readonly message: string };

/** An optional image does not fail the pipeline, so it is not shown as a failure either. */
function endOf({ state, error, optional, job }: ReportImage): End {
  if (state.startsWith("to ")) return { kind: "skipped", message: meanings[state] };
  if (state !== "failed" && state !== "skipped") return { kind: "passed" };
  const message = error?.message ?? meanings[state];
  if (optional) return { kind: "skipped", message: `optional: ${message}` };
  if (state === "skipped") return { kind: "skipped", message };
  const more = [
    message,
    error?.hint && `Next: ${error.hint}`,
    job && `Job: ${job}`,
    error?.output?.join("\n"),
  ];
  const told = more.filter(Boolean).join("\n\n");
  return { kind: "failure", type: error?.code ?? "BUILD_FAILED", message, more: told };
}

function testCase({ name, seconds, reason }: ReportImage, end: End): Markup {
  return markup`<testcase classname="berth.image" name="${name}" time="${(seconds ?? 0).toFixed(3)}">${ending(end, reason)}</testcase>
`;
}

function ending(end: End, reason: string): Markup {
  switch (end.kind) {
    case "passed":
      return markup`<system-out>${reason}</system-out>`;
    case "skipped":
      return markup`<skipped message="${oneLine(end.message)}"/>`;
    case "failure":
      return markup`<failure type="${end.type}" message="${oneLine(end.message)}">${end.more}</failure>`;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
