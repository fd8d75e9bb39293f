/** What years of a project's pipelines would have cost by each way: the measured pipelines times the history's counts. */
import type { History } from "./history.ts";
import { printTable } from "./table.ts";
import type { Trial } from "./trial.ts";

export interface Years {
  readonly way: string;
  readonly jobs: number;
  /** In terabytes. */
  readonly pulled: number;
  readonly pushed: number;
  /** That the first consumers have waited, in hours. */
  readonly waited: number;
}

/**
 * On cold runners: each pipeline costs what one costs in which nothing changed, and each image that was built what one
 * changed image costs on top.
 */
export function yearsOf(trials: readonly Trial[], { pipelines, built }: History): readonly Years[] {
  const cold = trials.filter(({ runner }) => runner === "cold");
  return [...Map.groupBy(cold, ({ way }) => way)].flatMap(([way, own]) => {
    const idle = own.find(({ change }) => change === "nothing");
    const one = own.find(({ change }) => change === "one image");
    if (idle === undefined || one === undefined) return [];
    const sum = (of: (trial: Trial) => number) =>
      pipelines * of(idle) + built * Math.max(0, of(one) - of(idle));
    return [
      {
        way,
        jobs: sum(({ jobs }) => jobs),
        pulled: sum(({ pulled }) => pulled) / 1e6,
        pushed: sum(({ pushed }) => pushed) / 1e6,
        waited: sum(({ firstSeconds }) => firstSeconds) / 3600,
      },
    ];
  });
}

export function printYears(years: readonly Years[]): string {
  const heads = ["way", "jobs", "pulled TB", "pushed TB", "waited for the first consumer, h"];
  const rows = years.map(({ way, jobs, pulled, pushed, waited }) => [
    way,
    `${Math.round(jobs)}`,
    pulled.toFixed(2),
    pushed.toFixed(2),
    waited.toFixed(0),
  ]);
  return printTable([heads, ...rows]);
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
