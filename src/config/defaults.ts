/** What holds where `berth.yml` says nothing; plain data, so that no schema is loaded for it. */
export const defaults = {
  prefix: "BERTH",
  repository: "{name}",
  reference: "digest",
  engine: "auto",
  publish: [{ branch: "{default}", tag: "latest" }],
  registries: {},
  dotenv: { maxVariables: undefined, maxBytes: 5120 },
  parallel: 2,
  merge: { bots: [], mergedResults: false },
  refresh: { maxAge: 7, followBases: true, in: "schedules" },
  prune: { mergeRequests: true, days: 7, age: 7, ages: {}, otherVersions: undefined, unknown: {} },
} as const;

/** What holds for an image of which nothing more is said. */
export const imageDefaults = {
  context: undefined,
  args: {},
  target: undefined,
  platform: "linux/amd64",
  secrets: [],
  epoch: undefined,
  optional: false,
  onbuild: false,
  allowAdd: [],
} as const;
