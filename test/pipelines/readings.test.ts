/** Readings of one configuration in several pipelines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jobsOf } from "../../src/doctor/jobs.ts";
import { nothingRead, readOutline } from "../../src/pipelines/pipeline.ts";
import { expandAll, listed } from "../../src/pipelines/variables.ts";
import { jobsIn, readingOf, sourceOf } from "../support/ci-files.ts";
import { config } from "../support/keyed.ts";

async function namesIn(...asked: Parameters<typeof readingOf>) {
  const reading = await readingOf(...asked);
  return "jobs" in reading ? reading.jobs.map(({ name }) => name) : reading;
}

test("readings that share what they read differ as the pipelines do", async () => {
  const text = `include:
  - local: more.yml
    rules: [{ if: $CI_COMMIT_BRANCH == "main" }]
build: { script: make, rules: [{ if: $CI_COMMIT_BRANCH != "other" }] }
always: { script: make }
`;
  const files = { "more.yml": "more: { script: make }\n" };
  const kept = nothingRead();
  const jobsOn = (branch: string) => namesIn(text, { CI_COMMIT_BRANCH: branch }, { files, kept });
  assert.deepEqual(await jobsOn("main"), ["more", "build", "always"]);
  assert.deepEqual(await jobsOn("topic"), ["build", "always"]);
  assert.deepEqual(await jobsOn("other"), ["always"]);
  assert.equal(kept.files.size, 2);
  assert.equal(kept.described.length, 2, "with the included file and without it");
});

test("what a push has changed is not known, so every such clause holds", async () => {
  const changes = { paths: ["src/*"], compare_to: "gone" };
  const jobs = {
    job: { script: "make", rules: [{ changes }] },
    never: { script: "make", rules: [{ changes, when: "never" }] },
    out: { script: "make", except: { changes: ["src/*"] } },
  };
  assert.deepEqual(await namesIn(JSON.stringify(jobs), { CI_COMMIT_BRANCH: "main" }), ["job"]);
});

test("jobs that extend ten others each, ten levels deep, are read at once", async () => {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const bases = level === 9 ? {} : { extends: Array(10).fill(`.level${level + 1}`) };
    return [`.level${level}`, { variables: { [`V${level}`]: "x" }, ...bases }] as const;
  });
  const job = { extends: ".level0", script: "make" };
  const text = JSON.stringify({ job, ...Object.fromEntries(levels) });
  const made = (await jobsIn(text)).get("job");
  assert.equal(made?.variables.length, 10);
  assert.deepEqual((await readOutline(text, sourceOf({})))?.jobs.get("job")?.size, 3);
});

test("what only GitLab's EE code knows is taken, and empty needs are passed over", async () => {
  const part = { project: "acme/parts", ref: "main", job: "part", artifacts: true };
  const build = { script: "make", secrets: { TOKEN: { vault: "a/b" } }, identity: "google_cloud" };
  const test = { script: "make", needs: [[part, part], [null], "build"] };
  const job = (await jobsIn(JSON.stringify({ build, test }))).get("test");
  assert.deepEqual(job?.needs, [{ job: "build", artifacts: true, optional: false }]);
});

test("what stands in the same repository or another's is asked for from the top", async () => {
  const text = "include: [/a.yml, { project: x/y, file: [/b.yml, c.yml] }]";
  const { includes = [] } = (await readOutline(text, sourceOf({}))) ?? {};
  assert.deepEqual(
    includes.map(({ location }) => location),
    ["a.yml", "b.yml", "c.yml"],
  );
});

test("a circle of variables is GitLab's to refuse, and ends", () => {
  const variables = { A: "$B", B: "$C", C: "$A", D: "-$A-", PATH: "x", NONE: "$GONE" };
  const all = [...listed(variables), { key: "PATH", value: "$PATH:y" }];
  const values = { A: "", B: "", C: "", D: "--", PATH: "x:y", NONE: "" };
  assert.deepEqual(Object.fromEntries(expandAll(all)), values);
});

const steps = Array.from({ length: 4000 }, (_, at) => [at, at + 1] as const);
const chains: Readonly<Record<string, string>> = {
  extends: steps.map(([at, next]) => `.j${at}: { extends: .j${next} }\n`).join(""),
  references: steps
    .map(([at, next]) => `.j${at}: { script: [!reference [.j${next}, script]] }\n`)
    .join(""),
  needs: steps.map(([at, next]) => `j${at}: { script: x, needs: [j${next}] }\n`).join(""),
  variables: `variables:\n${steps.map(([at, next]) => `  V${at}: $V${next}\n`).join("")}`,
};

for (const [what, chain] of Object.entries(chains))
  test(`a chain of 4,000 ${what} is no more than this reader bears`, async () => {
    const text = `${chain}.j4000: { script: x }\nj4000: { script: x, rules: [{ exists: $V0 }] }\n`;
    await readOutline(text, sourceOf({}));
    const occasion = { source: "push", ref: "", kind: "branch", project: "a/b" } as const;
    const around = { ...config(), names: ["debian"], upstreamBase: "" };
    const asked = { ...occasion, predefined: [], settings: [] };
    assert.ok(Array.isArray(jobsOf(await readingOf(text), asked, around)));
  });

const blocks: readonly (readonly [block: string, found: unknown])[] = [
  ["$[[ inputs.text | posix_escape ]]", "it\\'s\\ \\$x'\n'y"],
  ["$[[ inputs.none | posix_escape ]]", "''"],
  ["$[[ inputs.list[1] ]]", "b"],
  ["a $[[ inputs.json ]]", "a [{:b=>1}, 1.5, nil]"],
  ["$[[ inputs.list[2] ]]", "array index 2 out of bounds (size: 2) in `inputs.list[2]`"],
  ["$[[ inputs.text[0] ]]", "cannot index into non-array value at [0] in `inputs.text[0]`"],
];

for (const [block, found] of blocks)
  test(`${block} becomes ${JSON.stringify(found)}`, async () => {
    const defaults = { text: "it's $x\ny", none: "" };
    const texts = Object.entries(defaults).map(([name, value]) => [name, { default: value }]);
    const inputs = {
      ...Object.fromEntries(texts),
      list: { type: "array", default: ["a", "b"] },
      json: { type: "array", default: '[{"b": 1}, 1.5, null]' },
    };
    const made = { job: { script: "x", variables: { V: block } } };
    const reading = await readingOf(
      [{ spec: { inputs } }, made].map((one) => JSON.stringify(one)).join("\n---\n"),
    );
    const value = "jobs" in reading ? reading.jobs[0]?.variables[0]?.value : reading;
    assert.deepEqual(value, typeof value === "string" ? found : { errors: [found] });
  });

const wrong: readonly object[] = [
  { only: "main" },
  { except: ["/(/"] },
  { only: { refs: [1] } },
  { only: { variables: ["$A =="] } },
  { except: { ref: ["main"] } },
  { inherit: { default: "image" } },
  { allow_failure: "yes" },
  { image: " " },
];

for (const keywords of wrong)
  test(`${JSON.stringify(keywords)} is GitLab's to refuse, and is read all the same`, async () => {
    const text = JSON.stringify({ job: { script: "x", ...keywords } });
    assert.ok(!("errors" in (await readingOf(text, { CI_COMMIT_BRANCH: "main" }))));
  });

test("policies in another form are taken", async () => {
  const only = { refs: ["/^ma/", "main"], variables: ["$A == null"], changes: ["a"] };
  const job = { script: "x", only, inherit: { default: ["image"], variables: false } };
  const text = JSON.stringify({ job, other: { script: "x", allow_failure: { exit_codes: 1 } } });
  assert.deepEqual(await namesIn(text, { CI_COMMIT_BRANCH: "main" }), ["job", "other"]);
});

const megabyte = "x".repeat(1024 * 1024);
const lists = Array.from({ length: 12 }, (_, at) => {
  return `.l${at + 1}: &l${at + 1} [${Array(9).fill(`*l${at}`)}]\n`;
});
const sizes: readonly (readonly [what: string, yaml: string, isTaken: boolean])[] = [
  ["a text of 1 MiB", `.a: ${megabyte}\n`, true],
  ["two", `.a: ${megabyte}\n.b: ${megabyte}\n`, false],
  ["one, by an alias again", `.a: &a ${megabyte}\n.b: *a\n`, false],
  ["aliases of aliases", `.l0: &l0 [x]\n${lists.join("")}`, false],
  [
    "aliases of many numbers",
    `.n: &n [${"1,".repeat(9999)}1]\n.a: [${"*n,".repeat(9999)}*n]\n`,
    false,
  ],
  ["90 lists in one another", `.a: ${"[".repeat(90)}${"]".repeat(90)}\n`, true],
  ["102", `.a: ${"[".repeat(102)}${"]".repeat(102)}\n`, false],
];

for (const [what, yaml, isTaken] of sizes)
  test(`${what}: GitLab ${isTaken ? "takes" : "does not take"} it, and neither reading lasts`, async () => {
    const text = `${yaml}job: { script: x }\n`;
    const errors = ["The parsed YAML is too big"];
    assert.deepEqual(await namesIn(text), isTaken ? ["job"] : { errors });
    assert.equal((await readOutline(text, sourceOf({}))) !== undefined, isTaken);
  });

const references: readonly (readonly [path: string, told: string])[] = [
  ["[.s, interruptible]", '[".s", "interruptible"] could not be found'],
  ["[.s, 1]", '[".s", 1] is not valid'],
  ["[]", "[] is not valid"],
];

for (const [path, told] of references)
  test(`!reference ${path} is refused`, async () => {
    const job = `job: { script: x, interruptible: !reference ${path} }`;
    const text = `.s: { interruptible: false, 1: true }\n${job}\n`;
    assert.deepEqual(await namesIn(text), { errors: [`!reference ${told}`] });
  });

test("a set of a glob matches no slash, and a letter of two code units is one", async () => {
  const job = { script: "x", rules: [{ exists: ["src[!x]a", "\u{1f680}[\u{1f680}]?"] }] };
  const text = JSON.stringify({ job, always: { script: "x" } });
  for (const [path, names] of [
    ["src/a", ["always"]],
    ["src-a", ["job", "always"]],
    ["\u{1f680}".repeat(3), ["job", "always"]],
    ["\u{1f680}".repeat(2), ["always"]],
  ] as const)
    assert.deepEqual(await namesIn(text, {}, { files: { [path]: "x" } }), names);
});

test("a wildcard leaves out what the same project has included, not another's file of that path", async () => {
  const file = (name: string) => ({ "a.yml": `${name}: { script: x }` });
  const fetch = async () => ({ text: "include: '*.yml'", source: sourceOf(file("theirs"), "x/y") });
  const text = "include: [a.yml, { project: x/y, file: n.yml }]";
  const outline = await readOutline(text, sourceOf(file("ours")), { fetch });
  assert.deepEqual([...(outline?.jobs.keys() ?? [])], ["ours", "theirs"]);
});
