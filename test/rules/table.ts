/** QEMU's decision table: what each kind of job does in each pipeline, and which tags that pipeline moves. */
import type { Variables } from "../support/ci-files.ts";

/** "by hand" blocks the pipeline until someone starts the job; "may be started" does not. */
export type Cell = "at once" | "by hand" | "may be started" | "never";

/** A letter for each column: R at once, M by hand, m may be started, . never. */
type Cells = string;

export interface Column {
  readonly name: string;
  /** The hidden job, without its prefix. */
  readonly rules: "rules" | "rules-images" | "rules-images-after" | "rules-promote";
  /** What the job says about itself, without the flags' prefix. */
  readonly flags: readonly string[];
}

const ordinary = (name: string, ...flags: string[]): Column => ({ name, rules: "rules", flags });

export const columns: readonly Column[] = [
  { name: "images", rules: "rules-images", flags: [] },
  { name: "after images", rules: "rules-images-after", flags: [] },
  { name: "promotion", rules: "rules-promote", flags: [] },
  ordinary("ordinary"),
  ordinary("publishing", "PUBLISH"),
  ordinary("optional", "OPTIONAL"),
  ordinary("skipped", "SKIPPED"),
  ordinary("only in forks", "ONLY_FORKS"),
  ordinary("functional", "FUNCTIONAL"),
  ordinary("macOS", "MACOS"),
  ordinary("scheduled", "SCHEDULED"),
];

const meaning: Readonly<Record<string, Cell>> = {
  R: "at once",
  M: "by hand",
  m: "may be started",
  ".": "never",
};

export interface Row {
  readonly name: string;
  readonly env: Variables;
  readonly cells: readonly Cell[];
  /** What a promotion moves, where the pipeline has one. */
  readonly tags: readonly string[];
}

/** A line of the table holds for each of its places with each value of the variable. */
interface Line {
  readonly title: string;
  readonly where: readonly Place[];
  /** Values of QEMU_CI, and how to call them. */
  readonly asked: Asked;
  readonly functional?: string;
  readonly cells: Cells;
}

interface Asked {
  readonly as: string;
  readonly values: readonly (string | undefined)[];
}

interface Place {
  readonly name: string;
  readonly env: Variables;
  /** What QEMU's configuration publishes from here. */
  readonly tags: readonly string[];
}

type Owner = "upstream" | "fork";

const push = (owner: Owner, branch: string, ...tags: string[]): Place => ({
  name: `${owner}, push of ${branch}`,
  env: { ...projectOf(owner), CI_PIPELINE_SOURCE: "push", CI_COMMIT_BRANCH: branch },
  tags,
});

const schedule = (owner: Owner, branch: string, ...tags: string[]): Place => ({
  name: `${owner}, schedule on ${branch}`,
  env: { ...projectOf(owner), CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: branch },
  tags,
});

const tag = (owner: Owner, source = "push"): Place => ({
  name: `${owner}, ${source} of tag v9.2.1`,
  env: { ...projectOf(owner), CI_PIPELINE_SOURCE: source, CI_COMMIT_TAG: "v9.2.1" },
  tags: [],
});

const mergeRequest = (owner: Owner): Place => ({
  name: `${owner}, merge request`,
  env: {
    ...projectOf(owner),
    CI_PIPELINE_SOURCE: "merge_request_event",
    CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: "staging",
  },
  tags: [],
});

function projectOf(owner: Owner): Variables {
  const namespace = owner === "upstream" ? "qemu-project" : "alice";
  return {
    CI_PROJECT_NAMESPACE: namespace,
    CI_PROJECT_NAME: "qemu",
    CI_PROJECT_PATH: `${namespace}/qemu`,
    CI_DEFAULT_BRANCH: "master",
  };
}

const inFork = [
  push("fork", "topic"),
  push("fork", "master", "latest"),
  push("fork", "staging", "latest"),
  push("fork", "staging-9.2", "staging-9-2"),
  push("fork", "stable-9.2"),
  tag("fork"),
  mergeRequest("fork"),
];
const schedules = [
  schedule("upstream", "master", "latest"),
  schedule("upstream", "staging", "latest"),
  schedule("upstream", "staging-9.2", "staging-9-2"),
];
const oddSchedules = [
  schedule("upstream", "stable-9.2"),
  schedule("upstream", "topic"),
  tag("upstream", "schedule"),
];
const forkSchedules = [
  schedule("fork", "master", "latest"),
  schedule("fork", "staging-9.2", "staging-9-2"),
];
const staging = [push("upstream", "staging", "latest")];
const versions = [
  push("upstream", "staging-9.2", "staging-9-2"),
  push("upstream", "staging-10.0", "staging-10-0"),
];
const master = [push("upstream", "master", "latest")];
const stable = [push("upstream", "stable-9.2")];
const others = ["topic", "mystaging-1.2x", "stable-6.0-staging"].map((name) =>
  push("upstream", name),
);

const any: Asked = { as: "any", values: [undefined, "1", "2"] };
const not1: Asked = { as: "not 1", values: [undefined, "2"] };
const no: Asked = { as: "not 1 or 2", values: [undefined, "", "3"] };
const one: Asked = { as: "1", values: ["1"] };
const two: Asked = { as: "2", values: ["2"] };

// In the columns' order: images, after, promotion; ordinary, publishing, optional, skipped, forks, functional, macOS,
// scheduled.
const lines: readonly Line[] = [
  { title: "upstream, `staging`", where: staging, asked: not1, cells: "RRR R.mm.RRR" },
  { title: "", where: staging, asked: one, cells: "MRR M.mm.MMM" },
  { title: "upstream, `staging-9.2`", where: versions, asked: not1, cells: "RRR R.mm.RRR" },
  { title: "", where: versions, asked: one, cells: "MRR M.mm.MMM" },
  { title: "upstream, default branch", where: master, asked: not1, cells: "..R .R......" },
  { title: "", where: master, asked: one, cells: "..R .M......" },
  { title: "upstream, `stable-9.2`", where: stable, asked: any, cells: "... ........" },
  { title: "upstream, any other branch", where: others, asked: any, cells: "... ........" },
  { title: "upstream, tag", where: [tag("upstream")], asked: any, cells: "... ........" },
  {
    title: "upstream, merge request",
    where: [mergeRequest("upstream")],
    asked: any,
    cells: "... ........",
  },
  {
    title: "upstream, schedule on a branch that moves a tag",
    where: schedules,
    asked: any,
    cells: "RRR .......R",
  },
  {
    title: "upstream, schedule on anything else",
    where: oddSchedules,
    asked: any,
    cells: "RR. .......R",
  },
  {
    title: "fork, any branch, tag or merge request",
    where: inFork,
    asked: no,
    cells: "... ........",
  },
  { title: "", where: inFork, asked: one, cells: "MR. MMmmMm.M" },
  { title: "", where: inFork, asked: one, functional: "1", cells: "MR. MMmmMM.M" },
  { title: "", where: inFork, asked: two, cells: "RR. RRmmRm.R" },
  { title: "", where: inFork, asked: two, functional: "1", cells: "RR. RRmmRR.R" },
  { title: "fork, schedule", where: forkSchedules, asked: any, cells: "... ........" },
];

export const rows: readonly Row[] = lines.flatMap(({ where, asked, functional, cells }) =>
  where.flatMap(({ name, env, tags }) =>
    asked.values.map((value) => {
      const set = {
        ...(value === undefined ? {} : { QEMU_CI: value }),
        ...(functional === undefined ? {} : { QEMU_CI_FUNCTIONAL: functional }),
      };
      const settings = Object.entries(set).map(([key, text]) => `${key}=${text}`);
      return {
        name: `${name}, ${settings.length === 0 ? "QEMU_CI unset" : settings.join(", ")}`,
        env: { ...env, ...set },
        cells: [...cells.replace(" ", "")].map((letter) => meaning[letter] ?? "never"),
        tags: cells[2] === "." ? [] : tags,
      };
    }),
  ),
);

/** The table as docs/recipes.md prints it. */
export function tableText(): string {
  const shown = columns.filter(({ rules }) => !/-after|-promote/.test(rules));
  const head = ["pipeline", "`QEMU_CI`", ...shown.map(({ name }) => name), "tag moved"];
  const body = lines.map((line) => {
    const letters = shown.map((column) => letterOf(line, column));
    const functional = line.functional === undefined ? "" : ", functional too";
    return [line.title, `${line.asked.as}${functional}`, ...letters, tagOf(line)];
  });
  const printed = [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`);
  return `${printed.join("\n")}\n`;
}

function letterOf({ cells }: Line, column: Column): string {
  const letter = cells.replace(" ", "")[columns.indexOf(column)] ?? "";
  return letter === "m" ? "(M)" : letter.replace(".", "");
}

function tagOf({ where, cells }: Line): string {
  const tags = [...new Set(where.flatMap((place) => place.tags))];
  if (cells[2] === "." || tags.length === 0) return "";
  return tags.length === 1 ? `\`${tags[0]}\`` : "the branch's";
}
