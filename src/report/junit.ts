/** The report as JUnit XML, which GitLab shows in merge requests (artifacts:reports:junit). */
import { type Markup, markup, printMarkup, verbatim } from "./markup.ts";
import { meanings, type Report, type ReportImage } from "./view.ts";

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

function testCase({ name, seconds }: ReportImage, { element }: End): Markup {
  return markup`<testcase classname="berth.image" name="${name}" time="${(seconds ?? 0).toFixed(3)}">${element}</testcase>
`;
}

/** What a test case is counted as, and what stands in it. */
interface End {
  readonly kind: "passed" | "skipped" | "failure";
  readonly element: Markup;
}

/** An optional image does not fail the pipeline, so it is not shown as a failure either. */
function endOf({ state, error, optional, job, reason }: ReportImage): End {
  const isLost = state === "failed" || state === "skipped";
  if (!isLost && !state.startsWith("to "))
    return { kind: "passed", element: markup`<system-out>${reason}</system-out>` };
  const message = (isLost && error?.message) || meanings[state];
  const shown = oneLine(isLost && optional ? `optional: ${message}` : message);
  if (state !== "failed" || optional)
    return { kind: "skipped", element: markup`<skipped message="${shown}"/>` };
  const more = [
    message,
    error?.hint && `Next: ${error.hint}`,
    job && `Job: ${job}`,
    error?.output?.join("\n"),
  ];
  const told = more.filter(Boolean).join("\n\n");
  const code = error?.code ?? "BUILD_FAILED";
  const element = markup`<failure type="${code}" message="${shown}">${told}</failure>`;
  return { kind: "failure", element };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
