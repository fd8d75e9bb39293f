import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { maxPattern, tagPatterns, trustedTags, untrustedTags } from "../../src/doctor/protect.ts";

const hex = "0123456789abcdef".repeat(4);
const latest = { branch: "{default}", tag: "latest" };
const staging = { branch: "staging-*", tag: "{slug}" };

const cases: readonly {
  readonly name: string;
  readonly publish: Config["publish"];
  readonly isWide: boolean;
  /** Promoted tags beside those that are always there. */
  readonly takes: readonly string[];
  readonly leaves: readonly string[];
}[] = [
  {
    name: "one moving tag",
    publish: [latest],
    isWide: false,
    takes: ["latest"],
    leaves: ["latest-2", "not-latest", "staging"],
  },
  {
    name: "nothing promoted",
    publish: [],
    isWide: false,
    takes: [],
    leaves: ["latest"],
  },
  {
    name: "QEMU's stable branches",
    publish: [latest, { branch: "staging", tag: "latest" }, staging],
    isWide: false,
    takes: ["latest", "staging-9-2", "staging-10-0", "staging"],
    leaves: ["stagingx", "my-staging-9-2"],
  },
  {
    name: "a dot and a plain branch",
    publish: [
      { branch: "release/9.2", tag: "v9.2" },
      { branch: "release/9.2", tag: "of-{slug}" },
    ],
    isWide: false,
    takes: ["v9.2", "of-release-9-2"],
    leaves: ["v9x2", "of-release-9-3", "of-"],
  },
  {
    name: "a tag for every branch",
    publish: [{ branch: "*", tag: "{slug}" }],
    isWide: true,
    takes: ["anything", "t", "tr", "try", "tr-y", "trying"],
    leaves: [],
  },
  {
    name: "a glob that takes in names such as try-fix",
    publish: [{ branch: "t*", tag: "{slug}" }],
    isWide: true,
    takes: ["topic"],
    leaves: [],
  },
  {
    name: "more than fits one pattern",
    publish: ["alpha", "beta", "gamma", "delta"].map((tag) => ({
      branch: tag,
      tag: `a-long-name-for-${tag}`,
    })),
    isWide: true,
    takes: ["a-long-name-for-beta"],
    leaves: [],
  },
];

describe("the rule for protected tags", () => {
  for (const { name, publish, isWide, takes, leaves } of cases) {
    test(`covers what is believed and leaves the rest alone: ${name}`, () => {
      const patterns = tagPatterns({ publish }, "main");
      assert.equal(patterns.isWide, isWide);
      assert.ok(patterns.protect.length <= maxPattern, patterns.protect);
      // GitLab's registry looks for the rule's pattern in the name, and its cleanup wants all of the name.
      const protect = RE2JS.compile(patterns.protect);
      const keep = RE2JS.compile(patterns.keep);
      for (const tag of [...trustedTags({ publish }, "main"), ...takes]) {
        assert.ok(protect.matcher(tag).find(), `${patterns.protect} on ${tag}`);
        assert.ok(keep.matches(tag), `${patterns.keep} on ${tag}`);
      }
      const others = isWide
        ? []
        : ["p1234", "my-own", "keyboard", "key1", "cached", "cache2-x", hex.slice(1), `${hex}0`];
      for (const tag of [...untrustedTags, ...leaves, ...others]) {
        assert.ok(!protect.matcher(tag).find(), `${patterns.protect} on ${tag}`);
        assert.ok(!keep.matches(tag), `${patterns.keep} on ${tag}`);
      }
    });
  }

  test("is what docs/trust.md prints", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/trust.md"), "utf8");
    const stable = [latest, { branch: "staging", tag: "latest" }, staging];
    for (const publish of [defaultConfig.publish, stable]) {
      const { protect } = tagPatterns({ publish }, "main");
      assert.ok(page.includes(`\n${protect}\n`), protect);
    }
  });

  test("covers the tags of any publish rules, and never those of untrusted pipelines", () => {
    const branch = fc.stringMatching(/^[a-zA-Z0-9._/-]{0,8}\*?[a-z0-9-]{0,6}$/);
    const tag = fc.stringMatching(/^([a-su-z0-9][a-z0-9._-]{0,12}|([a-s]-)?\{slug\}(-x)?)$/);
    fc.assert(
      fc.property(fc.array(fc.record({ branch, tag }), { maxLength: 5 }), (publish) => {
        const { protect, keep } = tagPatterns({ publish }, "main");
        assert.ok(protect.length <= maxPattern);
        const [rule, kept] = [RE2JS.compile(protect), RE2JS.compile(keep)];
        // A branch whose name has no slug promotes nothing.
        const promoted = trustedTags({ publish }, "main").filter((one) => !/^(try-|$)/.test(one));
        for (const one of promoted) assert.ok(rule.matcher(one).find() && kept.matches(one), one);
        for (const one of untrustedTags) assert.ok(!rule.matcher(one).find() && !kept.matches(one));
      }),
      { numRuns: 300 },
    );
  });
});
