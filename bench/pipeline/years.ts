/** What years of a project's pipelines would have cost by each way: the measured pipelines times the history's counts. */
import type { History } from "./history.ts";
import { printTable, type Recorded } from "./table.ts";
import type { Cost } from "./trial.ts";

export interface Years {
  readonly way: string;
  readonly jobs: number;
  /** That they took of runners. */
  readonly hours: number;
  /** In terabytes. */
  readonly pulled: number;
  readonly pushed: number;
}

/**
 * On cold runners: each pipeline costs what one costs in which nothing changed, for as many images as it has, and each
 * image that was built what one changed image costs on top.
 */
export function yearsOf(
  { trials, size }: Pick<Recorded, "trials" | "size">,
  { pipelines, images, built }: History,
): readonly Years[] {
  const further = images / pipelines - size.images;
  const cold = trials.filter(({ runner }) => runner === "cold");
  return [...Map.groupBy(cold, ({ way }) => way)].flatMap(([way, own]) => {
    const idle = own.find(({ change }) => change === "nothing");
    const one = own.find(({ change }) => change === "one image");
    if (idle === undefined || one === undefined) return [];
    const sum = (of: keyof Cost) =>
      pipelines * (idle[of] + further * idle.perImage[of]) +
      built * Math.max(0, one[of] - idle[of]);
    const [pulled, pushed] = [sum("pulled") / 1e6, sum("pushed") / 1e6];
    return [{ way, jobs: sum("jobs"), hours: sum("minutes") / 60, pulled, pushed }];
  });
}

export function printYears(years: readonly Years[]): string {
  const heads = ["way", "jobs", "runner hours", "pulled TB", "pushed TB"];
  const rows = years.map(({ way, jobs, hours, pulled, pushed }) => [
    way,
    `${Math.round(jobs)}`,
    hours.toFixed(0),
    pulled.toFixed(2),
    pushed.toFixed(2),
  ]);
  return printTable([heads, ...rows]);
}

/** Pages with a table of years. */
export const yearPages = ["README.md", "docs/comparison.md"] as const;

/** The text of a page with its table of years made anew. */
export function withYears(page: string, years: readonly Years[]): string {
  const table = /^\| way +\| jobs .*\n(?:\|.*\n)*/m;
  if (!table.test(page)) throw new Error("the page has no table of years");
  return page.replace(table, printYears(years));
}

/** Bars of what was moved between registry and runners. */
export function drawYears(years: readonly Years[], title: string): string {
  const [width, left, row] = [760, 300, 34];
  const most = Math.max(...years.map(({ pulled, pushed }) => pulled + pushed));
  const scale = (width - left - 90) / most;
  const bars = years.map(({ way, pulled, pushed }, at) => {
    const y = 44 + at * row;
    const [first, second] = [pulled * scale, pushed * scale];
    return `<text x="${left - 10}" y="${y + 15}" text-anchor="end">${way}</text>
<rect x="${left}" y="${y}" width="${first.toFixed(1)}" height="20" fill="#3b6ea5"/>
<rect x="${left + first}" y="${y}" width="${second.toFixed(1)}" height="20" fill="#d98032"/>
<text x="${left + first + second + 6}" y="${y + 15}">${(pulled + pushed).toFixed(2)} TB</text>`;
  });
  const height = 54 + years.length * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" role="img" aria-label="${title}">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="10" y="24" font-size="15">${title}: pulled (blue) and pushed (orange)</text>
${bars.join("\n")}
</svg>
`;
}
