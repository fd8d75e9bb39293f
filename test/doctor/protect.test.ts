import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { fitsStars } from "../../src/context/paths.ts";
import {
  anyRunsTags,
  maxPattern,
  promotedTags,
  protectedPaths,
  tagPatterns,
} from "../../src/doctor/protect.ts";
import { ownTags } from "../../src/image/key.ts";

const hex = "0123456789abcdef".repeat(4);
const latest = { branch: "{default}", tag: "latest" };
const staging = { branch: "staging-*", tag: "{slug}" };

interface Case {
  readonly publish: Config["publish"];
  /** Whether one pattern can take them and leave what every run writes. */
  readonly isRule: boolean;
  /** Promoted tags beside those that are always there. */
  readonly takes: readonly string[];
  readonly leaves: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "one moving tag": {
    publish: [latest],
    isRule: true,
    takes: ["latest"],
    leaves: ["latest-2", "not-latest", "staging"],
  },
  "QEMU's stable branches": {
    publish: [latest, { branch: "staging", tag: "latest" }, staging],
    isRule: true,
    takes: ["latest", "staging-9-2", "staging-10-0", "staging"],
    leaves: ["stagingx", "my-staging-9-2"],
  },
  "a dot and a plain branch": {
    publish: [
      { branch: "release/9.2", tag: "v9.2" },
      { branch: "release/9.2", tag: "of-{slug}" },
    ],
    isRule: true,
    takes: ["v9.2", "of-release-9-2"],
    leaves: ["v9x2", "of-release-9-3", "of-"],
  },
  "a glob that takes in names such as key2-": {
    publish: [{ branch: "k*", tag: "{slug}" }],
    isRule: false,
    takes: ["kernel"],
    leaves: [],
  },
  "more than fits one pattern": {
    publish: ["a", "b", "c", "d"].map((tag) => ({ branch: tag, tag: tag.repeat(30) })),
    isRule: false,
    takes: ["b".repeat(30)],
    leaves: [],
  },
};

describe("the rule for protected tags", () => {
  for (const [name, { publish, isRule, takes, leaves }] of Object.entries(cases))
    test(`covers what is promoted and leaves the rest alone: ${name}`, () => {
      const patterns = tagPatterns({ publish }, "main");
      assert.equal(patterns.protect !== undefined, isRule);
      // GitLab's registry looks for the rule's pattern in the name, and its cleanup wants all of the name.
      const keep = RE2JS.compile(patterns.keep);
      const members = ["cache2-arm64", "cache2-arm-v7"];
      const promoted = [...promotedTags({ publish }, "main"), ...takes];
      for (const tag of [...anyRunsTags, ...members, ...promoted])
        if (tag !== ownTags.built) assert.ok(keep.matches(tag), `${patterns.keep} on ${tag}`);
      if (patterns.protect === undefined) return;
      assert.ok(patterns.protect.length <= maxPattern, patterns.protect);
      const protect = RE2JS.compile(patterns.protect);
      for (const tag of promoted)
        assert.ok(protect.matcher(tag).find(), `${patterns.protect} on ${tag}`);
      const others = ["p1234", "my-own", "keyboard", "key1", "cached", "cache2-x", `${hex}0`];
      for (const tag of [...leaves, ...others])
        assert.ok(!keep.matches(tag), `${patterns.keep} on ${tag}`);
      for (const tag of [...anyRunsTags, ...leaves, ...others])
        assert.ok(!protect.matcher(tag).find(), `${patterns.protect} on ${tag}`);
    });

  test("is what docs/trust.md prints", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/trust.md"), "utf8");
    const stable = [latest, { branch: "staging", tag: "latest" }, staging];
    for (const publish of [defaultConfig.publish, stable]) {
      const { protect } = tagPatterns({ publish }, "main");
      assert.ok(page.includes(`\`${protect}\``), protect);
    }
    for (const path of protectedPaths("qemu-project/qemu", { repository: "qemu/{name}" }, []))
      assert.ok(page.includes(`\`${path}\``), path);
  });

  test("leaves to a cleanup policy what docs/commands.md says", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/commands.md"), "utf8");
    const { keep } = tagPatterns({ publish: [latest, staging] }, "main");
    const row = `| Keep tags matching | \`${keep.replaceAll("|", "\\|")}\` |`;
    assert.ok(page.includes(row), row);
  });

  test("covers the tags of any publish rules, and never those of untrusted pipelines", () => {
    const branch = fc.stringMatching(/^[a-zA-Z0-9._/-]{0,8}\*?[a-z0-9-]{0,6}$/);
    const tag = fc.stringMatching(/^([a-z0-9][a-z0-9._-]{0,12}|([a-z]-)?\{slug\}(-x)?)$/);
    fc.assert(
      fc.property(fc.array(fc.record({ branch, tag }), { maxLength: 5 }), (publish) => {
        const { protect, keep } = tagPatterns({ publish }, "main");
        const kept = RE2JS.compile(keep);
        // A branch whose name has no slug promotes nothing.
        const promoted = promotedTags({ publish }, "main").filter((one) => one !== "");
        for (const one of promoted) assert.ok(kept.matches(one), one);
        if (protect === undefined) return;
        assert.ok(protect.length <= maxPattern);
        const rule = RE2JS.compile(protect);
        for (const one of promoted) assert.ok(rule.matcher(one).find(), one);
        for (const one of anyRunsTags) assert.ok(!rule.matcher(one).find());
      }),
      { numRuns: 300 },
    );
  });
});

describe("the rules for protected repositories", () => {
  const images = ["debian", "try-out"];
  for (const repository of ["qemu/{name}", "{name}", "{name}-ci", "t{name}", "b-{name}"])
    test(`take all that trusted pipelines write and nothing below try: ${repository}`, () => {
      const rules = protectedPaths("g/p", { repository }, images);
      const takes = (path: string) => rules.some((rule) => fitsStars(rule, path));
      for (const name of images)
        assert.ok(takes(`g/p/${repository.replace("{name}", name)}`), name);
      assert.ok(takes("g/p/berth"));
      for (const name of [...images, "berth", "try-ci"]) assert.ok(!takes(`g/p/try/${name}`), name);
    });
});
