/** A proposal in words. */
import type { Draft } from "./freedesktop.ts";
import type { Proposal } from "./propose.ts";

/** `written`: where the configuration went; `undefined` where nothing was written. */
export function printProposal(proposal: Proposal, written: string | undefined): string {
  const { findings, config, include, steps } = proposal;
  return [
    heading("Found"),
    ...findings.map(({ found, chosen }) => `- ${found}:\n  ${chosen}`),
    "",
    ...(config === undefined
      ? [heading("No berth.yml is needed: the defaults fit")]
      : [heading(written === undefined ? "berth.yml" : `Written to ${written}`), indented(config)]),
    heading("Add to .gitlab-ci.yml, or to a file that it includes"),
    indented(include),
    heading("Then"),
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    "",
  ].join("\n");
}

export function printDrafts(drafts: readonly Draft[]): string {
  return [
    heading("Found images of freedesktop's ci-templates; as Dockerfiles they would begin so"),
    ...drafts.flatMap(({ job, path, text }) => [`${path} (was: job ${job})`, indented(text)]),
    "",
  ].join("\n");
}

function heading(text: string): string {
  return `${text}\n`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}
