import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import type { IncludedTemplate } from "../support/ci-files.ts";
import { at, type Case, rules, testCases } from "./probes.ts";

// One pipeline that includes the component with each of these, so each sees only its own variables.
const includes: readonly IncludedTemplate[] = [
  rules("qemu-"),
  rules("loose-", { staging: "/staging/" }),
  rules("requests-", { merge_requests: true }),
  rules("pages-", { images_on_default_branch: true }),
  rules("main-", { staging: "/^(main|release\\/\\d+)$/", stable: "/^release\\/1$/" }),
  rules("mesa-", { prefix: "MESA_CI", flags: "MESA_JOB", upstream: "gfx/mesa/mesa" }),
  { template: "rules", inputs: { upstream: "acme" } },
];

const qemu = "qemu-project/qemu";
const mesa = "gfx/mesa/mesa";
const bob = "bob/mesa";
const byHand = { QEMU_CI: "1" };
const request = { CI_PIPELINE_SOURCE: "merge_request_event" };
const publish = { QEMU_JOB_PUBLISH: "1" };
const twice = { MESA_CI: "2" };
const functional = { MESA_CI_FUNCTIONAL: "1", MESA_JOB_FUNCTIONAL: "1" };

const patterns: readonly Case[] = [
  ["a branch whose name only contains staging", "qemu-rules", at(qemu, "my-staging"), "never"],
  ["the same with the pattern /staging/", "loose-rules", at(qemu, "my-staging"), "at once"],
  ["a staging branch of any version", "qemu-rules", at(qemu, "staging-10.12"), "at once"],
  ["an alternative in the pattern", "main-rules", at(qemu, "main"), "at once"],
  ["a slash in the pattern", "main-rules", at(qemu, "release/12"), "at once"],
  ["a stable branch that staging names too", "main-rules", at(qemu, "release/1"), "never"],
  ["its images", "main-rules-images", at(qemu, "release/1"), "never"],
  ["what follows them", "main-rules-images-after", at(qemu, "release/1"), "never"],
];

const requests: readonly Case[] = [
  ["upstream's merge request", "qemu-rules", at(qemu, undefined, request), "never"],
  ["one that is let in", "requests-rules", at(qemu, undefined, request), "at once"],
  ["its pages", "requests-rules", at(qemu, undefined, { ...request, ...publish }), "never"],
  ["its images", "requests-rules-images", at(qemu, undefined, request), "at once"],
  ["what follows them", "requests-rules-images-after", at(qemu, undefined, request), "at once"],
  ["its promotion", "requests-rules-promote", at(qemu, undefined, request), "never"],
  ["one by hand", "requests-rules", at(qemu, undefined, { ...request, ...byHand }), "by hand"],
  ["a tag beside them", "requests-rules", at(qemu, undefined), "never"],
  ["a branch beside them", "requests-rules", at(qemu, "topic"), "never"],
  ["a fork's", "requests-rules", at("alice/qemu", undefined, request), "never"],
];

const pages: readonly Case[] = [
  ["images for publishing", "pages-rules-images", at(qemu, "main"), "at once"],
  ["what follows them", "pages-rules-images-after", at(qemu, "main"), "at once"],
  ["their promotion", "pages-rules-promote", at(qemu, "main"), "at once"],
  ["publishing", "pages-rules", at(qemu, "main", publish), "at once"],
  ["ordinary jobs beside it", "pages-rules", at(qemu, "main"), "never"],
  ["images for publishing by hand", "pages-rules-images", at(qemu, "main", byHand), "by hand"],
  ["images on a topic branch", "pages-rules-images", at(qemu, "topic"), "never"],
  ["images for a tag", "pages-rules-images", at(qemu, undefined), "never"],
];

const names: readonly Case[] = [
  ["upstream of another prefix", "mesa-rules", at(mesa, "staging"), "at once"],
  ["a fork of it", "mesa-rules", at(bob, "staging"), "never"],
  ["a fork of it at once", "mesa-rules", at(bob, "x", twice), "at once"],
  ["a fork of it by hand", "mesa-rules-images", at(bob, "x", { MESA_CI: "1" }), "by hand"],
  ["with another's variable", "mesa-rules", at(bob, "x", { QEMU_CI: "2" }), "never"],
  [
    "with another's flag",
    "mesa-rules",
    at(bob, "x", { ...twice, QEMU_JOB_OPTIONAL: "1" }),
    "at once",
  ],
  [
    "an optional job of it",
    "mesa-rules",
    at(bob, "x", { ...twice, MESA_JOB_OPTIONAL: "1" }),
    "may be started",
  ],
  ["a long test of it", "mesa-rules", at(bob, "x", { ...twice, ...functional }), "at once"],
  ["its upstream by path", "mesa-rules", at(bob, "staging", { MESA_CI_UPSTREAM: bob }), "at once"],
  ["upstream with the defaults", "berth-rules", at("acme/tools", "staging"), "at once"],
  ["a fork with the defaults", "berth-rules", at("eve/tools", "x", { BERTH: "2" }), "at once"],
  [
    "a flag that is switched off",
    "berth-rules",
    at("acme/tools", "staging", { BERTH_JOB_OPTIONAL: "0" }),
    "at once",
  ],
];

testCases(includes, [...patterns, ...requests, ...pages, ...names]);

const refused: readonly (readonly [input: string, value: string])[] = [
  ["prefix", "qemu"],
  ["prefix", "Q == null || $Q"],
  ["flags", ""],
  ["upstream", ""],
  ["upstream", "$CI_PROJECT_NAMESPACE"],
  ["upstream", 'a" || "a'],
  ["upstream", "a/"],
  ["staging", "staging"],
  ["staging", "//"],
  // GitLab's expressions know no pattern of one character.
  ["staging", "/a/"],
  // Ruby's gsub, by which GitLab puts values into a text, takes these two for something else.
  ["stable", "/^a\\+b/"],
  ["staging", "/a/b/"],
  ["staging", "/a/ || $X =~ /b/"],
  ["staging", "/$CI_COMMIT_BRANCH/"],
  ["staging", "/it's/"],
  ["stable", '/"/'],
  ["stable", "/a\nb/"],
  ["job_prefix", "Berth-"],
];

const template = new URL("../../templates/rules/template.yml", import.meta.url);
const header = parseAllDocuments(readFileSync(template, "utf8"))[0]?.toJS() as {
  readonly spec: { readonly inputs: Readonly<Record<string, { readonly regex?: string }>> };
};

function takes(input: string, value: string): boolean {
  const { regex } = header.spec.inputs[input] ?? assert.fail(`no input ${input}`);
  return new RegExp(regex ?? assert.fail(`${input} takes anything`)).test(value);
}

for (const [input, value] of refused)
  test(`the input ${input} refuses ${JSON.stringify(value)}`, () =>
    assert.ok(!takes(input, value)));

const taken = ["/staging/", "/^(a|b)$/", "/^v[[:digit:]]+\\.x$/", "/^a\\/b$|^c/", "/^\\w{2,}$/"];

for (const pattern of taken)
  test(`staging and stable take ${pattern}`, () =>
    assert.ok(takes("staging", pattern) && takes("stable", pattern)));
