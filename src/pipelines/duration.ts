/** Times as GitLab takes them, such as `1 hour 30 mins`, `2w` and `3600`. */

const units: readonly (readonly [names: string, seconds: number])[] = [
  ["seconds second secs sec s", 1],
  ["minutes minute mins min m", 60],
  ["hours hour hrs hr h", 3600],
  ["days day dy d", 86_400],
  ["weeks week wks wk w", 604_800],
  ["months month mos mo", 2_592_000],
  ["years year yrs yr y", 31_557_600],
];
const byName = new Map(
  units.flatMap(([names, seconds]) => names.split(" ").map((name) => [name, seconds] as const)),
);
const joining = /^(?:and|with|plus)$/;

/** `undefined` where it is no duration, or none at all. */
export function seconds(text: string): number | undefined {
  const parts = text.toLowerCase().match(/[\d.]+|[a-z]+|[^\s\w,]+/g) ?? [];
  let sum = 0;
  let amount: number | undefined;
  for (const part of parts.filter((each) => !joining.test(each))) {
    if (/^\d/.test(part)) {
      sum += amount ?? 0;
      amount = Number(part);
      continue;
    }
    const unit = byName.get(part);
    if (unit === undefined || amount === undefined) return undefined;
    sum += amount * unit;
    amount = undefined;
  }
  sum += amount ?? 0;
  return sum > 0 ? Math.floor(sum) : undefined;
}
