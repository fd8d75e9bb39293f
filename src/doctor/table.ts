/** All jobs in all situations, for people and for programs. */
import { count, fill, printTable } from "../output/table.ts";
import type { Screen } from "../world.ts";
import type { Pipelines } from "./evaluate.ts";
import { shownImage } from "./job-image.ts";
import type { Does, ReadCase, SeenJob } from "./jobs.ts";

const letters: Readonly<Record<Does, string>> = { runs: "R", manual: "M", may: "m" };

const legend =
  "R runs, M waits for a click and the pipeline with it, m may be started by hand, itself or what it needs, . is not there\n";

/** Situations with what GitLab makes of each, then every job with what it does in them. */
export function printPipelines({ read, unread }: Pipelines, screen: Screen): string {
  const isSure = unread.length === 0;
  const situations = read.map((each, index) => [
    String(index + 1),
    each.title,
    outcomeOf(each, isSure),
  ]);
  const rows = [...jobsByName(read)].map(([name, seen]) => [
    name,
    [...new Set([...seen].map(([each, own]) => imageText(own, each)))].join(" or "),
    ...read.map((each) => {
      const own = seen.get(each);
      return own === undefined ? "." : letters[own.does];
    }),
  ]);
  const numbers = read.map((_, index) => String(index + 1));
  return [
    printTable(["", "SITUATION", "PIPELINE"], situations, screen, [""]),
    printTable(["JOB", "IMAGE", ...numbers], rows, screen, numbers),
    fill(legend, screen),
  ].join("\n");
}

function outcomeOf({ reading, jobs }: ReadCase, isSure: boolean): string {
  if ("errors" in reading) {
    const [first = "", ...more] = reading.errors;
    return `${isSure ? "refused" : "may be refused"}: ${first}${more.length === 0 ? "" : ` and ${more.length} more`}`;
  }
  if (!("none" in reading)) return count(jobs.length, "job");
  if (reading.none === "workflow_rules") return "none, by workflow: rules";
  return jobs.length === 0 ? "none" : "none: its jobs are of .pre and .post alone";
}

/** Jobs of pipelines that come about, in the order of the largest in which they are. */
function jobsByName(read: readonly ReadCase[]) {
  const all = new Map<string, Map<ReadCase, SeenJob>>();
  for (const each of read.toSorted((a, b) => b.jobs.length - a.jobs.length)) {
    if (!("stages" in each.reading)) continue;
    for (const seen of each.jobs) {
      const own = all.get(seen.job.name) ?? new Map<ReadCase, SeenJob>();
      all.set(seen.job.name, own.set(each, seen));
    }
  }
  return all;
}

function imageText(seen: SeenJob, { occasion }: ReadCase): string {
  const { isOurs, planned, job, flaw } = seen;
  const image = seen.image === undefined ? undefined : shownImage(seen.image, occasion);
  if (job.type === "trigger") return "-";
  if (isOurs) return "(berth's tool)";
  if (planned !== undefined) return planned;
  return `${image === "" ? "(empty)" : (image ?? "(the runner's)")}${flaw === undefined ? "" : " (!)"}`;
}

/** `image` is null where the runner decides, `planned` where it is none of the project's as planned. */
export function pipelinesJson({ read, unread }: Pipelines): object {
  const situations = read.map((each) => {
    const { reading, title, occasion } = each;
    const isMade = "stages" in reading;
    return {
      title,
      source: occasion.source,
      ref: occasion.ref,
      project: occasion.project,
      errors: "errors" in reading ? reading.errors : [],
      jobs: (isMade ? each.jobs : []).map(({ job, does, image, planned }) => ({
        name: job.name,
        stage: job.stage,
        does,
        image: image ?? null,
        planned: planned ?? null,
      })),
    };
  });
  return { situations, unread };
}
