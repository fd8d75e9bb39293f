/** Times such as `1 hour 30 mins`, as GitLab reads them. */
import { found, words } from "./checks.ts";
import type { Plain } from "./plain.ts";
import { isText } from "./tree.ts";

const units: readonly (readonly [names: string, seconds: number])[] = [
  ["seconds second secs sec s", 1],
  ["minutes minute mins min m", 60],
  ["hours hour hrs hr h", 3600],
  ["days day dy d", 86_400],
  ["weeks week wks wk w", 604_800],
  ["months month mos mo", 2_592_000],
  ["years year yrs yr y", 31_557_600],
];

/** What a time such as `1 hour 30 mins`, `2w` or `3600` means; `undefined` where it is none at all. */
export function seconds(text: string): number | undefined {
  let sum = 0;
  const rest = text.toLowerCase().replace(/([\d.]+)\s*([a-z]*)/g, (_, amount, unit: string) => {
    const known = units.find(([names]) => words(names).includes(unit || "s"));
    sum += Number(amount) * (known?.[1] ?? Number.NaN);
    return "";
  });
  const isTime = rest.replace(/and|with|plus|[\s,]/g, "") === "" && sum > 0;
  return isTime ? Math.floor(sum) : undefined;
}

/** `start_in` of what starts later: less than a week. */
export function delayProblems(delay: Plain | undefined): readonly string[] {
  const [week, known] = [604_800, isText(delay) ? seconds(delay) : undefined];
  return found({
    "start in can't be blank": delay === undefined,
    "start in should be a duration": known === undefined,
    "start in should not exceed the limit": (known ?? week) >= week,
  });
}
