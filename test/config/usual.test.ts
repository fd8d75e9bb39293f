import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { declareImages } from "../../src/config/discover.ts";
import { treeOf } from "../support/tree.ts";

const discoveries: readonly (readonly [
  what: string,
  paths: readonly string[],
  images: string[],
])[] = [
  [
    "every usual name",
    [
      "a.docker",
      "b.Dockerfile",
      "c.Containerfile",
      "ci/Dockerfile.d",
      "ci/Containerfile.e",
      "Dockerfile-f",
      "g.dockerfile",
    ],
    [
      "a a.docker []",
      "b b.Dockerfile []",
      "c c.Containerfile []",
      "d ci/Dockerfile.d []",
      "e ci/Containerfile.e []",
      "f Dockerfile-f []",
      "g g.dockerfile []",
    ],
  ],
  [
    "plain names after their folder, with it as context",
    ["Dockerfile", "ci/fedora/Dockerfile", "ci/debian/Containerfile"],
    [
      "debian ci/debian/Containerfile [ci/debian]",
      "fedora ci/fedora/Dockerfile [ci/fedora]",
      "image Dockerfile []",
    ],
  ],
  [
    "no templates, notes and ignore files",
    [
      "a.docker",
      "Dockerfile.in",
      "Dockerfile.j2",
      "Dockerfile-template",
      "x/Dockerfile.dockerignore",
    ],
    ["a a.docker []"],
  ],
  [
    "longer names for both where two are the same",
    ["a/ci/Dockerfile", "b/ci/Dockerfile", "c/Dockerfile"],
    ["a-ci a/ci/Dockerfile [a/ci]", "b-ci b/ci/Dockerfile [b/ci]", "c c/Dockerfile [c]"],
  ],
  [
    "names as long as it takes",
    ["a/x/ci/Dockerfile", "b/x/ci/Dockerfile", "ci/Dockerfile"],
    [
      "a-x-ci a/x/ci/Dockerfile [a/x/ci]",
      "b-x-ci b/x/ci/Dockerfile [b/x/ci]",
      "ci ci/Dockerfile [ci]",
    ],
  ],
  [
    "longer names where CI variables would be the same",
    ["x/a-b.docker", "y/a_b.docker"],
    ["x-a-b x/a-b.docker []", "y-a_b y/a_b.docker []"],
  ],
  [
    "names that a repository can have",
    ["ci/Fedora 40 (x86).docker", "ci/_a..b__c--d.docker", "Été/Dockerfile", "v1.2/Dockerfile"],
    [
      "a-b__c--d ci/_a..b__c--d.docker []",
      "fedora-40-x86 ci/Fedora 40 (x86).docker []",
      "t Été/Dockerfile [Été]",
      "v1.2 v1.2/Dockerfile [v1.2]",
    ],
  ],
  [
    "a longer name instead of the reserved one",
    ["docker/berth/Dockerfile"],
    ["docker-berth docker/berth/Dockerfile [docker/berth]"],
  ],
];

for (const [what, paths, expected] of discoveries) {
  test(`without a configuration the images are ${what}`, async () => {
    const { images } = await declareImages(defaultConfig, treeOf(...paths));
    const found = images.map(
      ({ name, dockerfile, context }) => `${name} ${dockerfile} [${context}]`,
    );
    assert.deepEqual(found, expected);
  });
}
