/** Everything that reads what strangers write, with good inputs to begin with. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseOutcome } from "../../src/build/outcome.ts";
import { compileGlob } from "../../src/config/glob.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { ignoreMatcher, parseIgnore } from "../../src/context/ignore.ts";
import { BerthError } from "../../src/errors.ts";
import * as answers from "../../src/gitlab/answers.ts";
import { readComplaints, retryAfterMs } from "../../src/http/errors.ts";
import { realmTrust } from "../../src/http/origin.ts";
import { digestOf, parseDigest } from "../../src/oci/digest.ts";
import { type Manifest, makeIndex, mediaTypes, parseManifest } from "../../src/oci/manifest.ts";
import {
  isHost,
  isRepositoryPath,
  isTag,
  parseReference,
  printReference,
  type Reference,
} from "../../src/oci/reference.ts";
import { readTag } from "../../src/oci/tags.ts";
import { readOutline, readPipeline } from "../../src/pipelines/pipeline.ts";
import { refuseForeign } from "../../src/plan/asked.ts";
import { serializePlan } from "../../src/plan/make.ts";
import { parsePlan } from "../../src/plan/plan.ts";
import { makeRecord, parseRecord } from "../../src/plan/record.ts";
import { normalHost, parseAuthFile } from "../../src/registry/credentials.ts";
import { readChallenge, readClaims } from "../../src/registry/token-service.ts";
import type { Dice } from "../oracle/dice.ts";
import { texts } from "../oracle/generate.ts";
import { plannedImage, planWith, situation, someDigest } from "../support/keyed.ts";
import { recipeOf } from "../support/recipe.ts";
import { mutate, mutateJson } from "./mutate.ts";

/** A reader, and what it is given. */
export interface Parser {
  make(dice: Dice): string;
  read(text: string): unknown;
}

const root = join(import.meta.dirname, "..");

function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
}

/** Texts of a language of which `good` are some. */
function changed(good: readonly string[], words: readonly string[]): Parser["make"] {
  return (dice) => mutate(dice, dice.one(good), words);
}

/** JSON values, changed member by member or as texts. */
function changedJson(good: readonly string[], words: readonly string[] = []): Parser["make"] {
  return (dice) => {
    const text = dice.one(good);
    return dice.chance(0.8) ? mutateJson(dice, text, words) : mutate(dice, text, words);
  };
}

const dockerfileWords =
  "FROM |RUN |COPY |ADD |ARG |ENV |AS |--from=|--mount=type=bind,|--platform=|<<EOF\nEOF\n|ONBUILD |\\\n|${A%%*a*b}|${A//?/xx}|# escape=`\n".split(
    "|",
  );
const ciWords =
  "\na:|\n  script: x|\n  rules:|\n    - if: $A =~ /x/|\n  extends: a|\n  needs: [a]|include:|!reference [a, b]|$[[ inputs.a ]]|{a,b}|parallel:|matrix:|&x |*x |<<: ".split(
    "|",
  );
const ciTexts = readFileSync(join(root, "pipelines/gitlab-cases.jsonl"), "utf8")
  .split("\n")
  .flatMap((line) => (line === "" ? [] : [JSON.parse(line).files?.[".gitlab-ci.yml"]]))
  .filter((text) => typeof text === "string");
const paths = ["a", "a/b", "Dockerfile", "src/a.c", ".git/x", `${"a".repeat(200)}/b`, "é/🦭"];
const source = { project: "a/b", paths, read: async () => undefined };
const occasion = {
  source: "push",
  ref: "main",
  kind: "branch",
  project: "a/b",
  predefined: [],
  settings: [],
  changed: paths,
} as const;

const setId = "0".repeat(64);
const record = makeRecord(
  {
    setId,
    tag: undefined,
    images: new Map([["a", { kind: "own", digest: someDigest }]]),
    revision: "c0ffee",
    pipeline: "7",
  },
  new Date(0),
);
const index = makeIndex(
  [{ ...record.descriptor, platform: { os: "linux", architecture: "amd64" } }],
  { a: "b" },
);
const reuse = {
  kind: "reuse",
  reference: `registry.example.com/a/b@${someDigest}`,
  digest: someDigest,
  foundBy: "key-tag",
} as const;
const built = { kind: "build", because: { code: "absent", looked: ["r.example/a"] } } as const;
const plans = [reuse, built].map((decision) =>
  serializePlan(planWith([plannedImage("a", decision), plannedImage("b", built)])),
);
const outcome = JSON.stringify({
  ...{ name: "a", key: setId, decision: "build", pipeline: "7", result: "failed", reference: null },
  ...{ digest: null, optional: false, seconds: 1 },
  blobs: [{ digest: someDigest, size: 1 }],
  error: { code: "BUILD_FAILED", message: "x", hint: null },
});
const answer = JSON.stringify({
  ...{ id: 1, iid: 1, name: "a", path: "a/b", path_with_namespace: "a/b", default_branch: "main" },
  ...{ status: "success", sha: "0".repeat(40), created_at: "2026-11-20T12:00:00Z", ref: "main" },
  ...{ commit: { id: "0".repeat(40) }, target_project_id: 1, source_project_id: 2, full_path: "a" },
  ...{ tag_name_pattern: "^a", merged_yaml: "a: b", digest: someDigest, inbound_enabled: true },
  container_expiration_policy: { enabled: true, keep_n: 1, name_regex_delete: ".*" },
});
const authFile = JSON.stringify({
  auths: {
    "r.example": { auth: "YTpi" },
    "https://index.docker.io/v1/": { username: "a", password: "b" },
    "[::1]:80": { auth: "YTo=", identitytoken: "t" },
  },
  credHelpers: { "a.example": "one" },
  credsStore: "two",
});
const shapes = Object.values(answers).filter((shape) => typeof shape === "object");

export const parsers: Readonly<Record<string, Parser>> = {
  dockerfile: {
    make(dice) {
      const [made] = texts(dice.below(2 ** 32), 1);
      return mutate(dice, made?.text ?? "", dockerfileWords);
    },
    read: (text) => recipeOf(text, { args: { A: "aaaa", V: "1.2" } }),
  },
  ignore: {
    make: changed(["*\n!a\n**/*.o\n", "a/**\n[a-z]*\n", "# x\n/a\n!/a/b\n"], ["**/", "*a", "[^a]"]),
    read: (text) => paths.map(ignoreMatcher(parseIgnore(text, ".dockerignore"))),
  },
  config: {
    make: changed(filesOf("config/cases/*/berth.yml"), [
      ...["\n  ", ": ", "- ", "images:", "&a ", "*a"],
    ]),
    read: (text) => parseConfig(text, "berth.yml"),
  },
  glob: {
    make: changed(["ci/**/*.docker", "{a,b/c}?*", "**"], ["**/", "*a", "{a,", "}"]),
    read: (text) => paths.map(compileGlob(text)),
  },
  pipeline: {
    make: changed(ciTexts, ciWords),
    read: async (text) => [
      await readPipeline(text, { source, fetch: async () => undefined, occasion }),
      await readOutline(text, source),
    ],
  },
  manifest: {
    make: changedJson(
      [record, index].map(({ bytes }) => Buffer.from(bytes).toString()),
      [someDigest, "berth.image.a"],
    ),
    read(text) {
      const read = (type: string) => parseManifest(Buffer.from(text), type, "x");
      for (const type of Object.values(mediaTypes)) unlessOurs(() => checkManifest(read(type)));
      parseRecord(read(mediaTypes.ociManifest), "x");
    },
  },
  plan: {
    make: changedJson(plans, ["../", "latest", someDigest]),
    read(text) {
      const plan = parsePlan(text, "plan.json");
      refuseForeign(plan, situation("a/b"), plan.config);
    },
  },
  outcome: { make: changedJson([outcome]), read: (text) => parseOutcome(text, "a.json") },
  gitlab: {
    make: changedJson([answer, `[${answer}]`]),
    read(text) {
      const value = readJson(text);
      for (const shape of shapes)
        unlessOurs(() => answers.readAnswer<unknown>(shape, value, "ask"));
    },
  },
  registry: {
    make: changed(
      [
        ...[
          'Bearer realm="https://a.example/t",service="r",scope="repository:a/b:pull"',
          "a.e30=.b",
        ],
        ...['{"errors":[{"code":"DENIED","message":"no"}]}', "Fri, 01 May 2026 12:00:20 GMT"],
      ],
      ["Bearer ", "Basic ", "realm=", '"', "\\", ",", "eyJhIjoxfQ"],
    ),
    read: (text) => [
      checkChallenge(text),
      readClaims(text),
      readTag(text),
      readComplaints(Buffer.from(text)),
      retryAfterMs({ get: () => text, has: () => true }, new Date(0)),
    ],
  },
  logins: {
    make: changedJson([authFile], ["YTpi", "YTo=", "Og==", "https://"]),
    read: checkLogins,
  },
  reference: {
    make: changed(
      [`r.example:5000/a/b:c@${someDigest}`, "debian", "a/b"],
      [":", "/", "@", "sha256:"],
    ),
    read: (text) => checkReference(parseReference(text)),
  },
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is read of any text is valid: it prints back, and leads nowhere else in an address. */
function checkReference(reference: Reference): void {
  const { host, path, tag, digest } = reference;
  assert.ok(isHost(host) && isRepositoryPath(path));
  assert.ok(tag === undefined || isTag(tag));
  assert.ok(digest === undefined || parseDigest(digest) === digest);
  const printed = printReference(reference);
  assert.equal(printReference(parseReference(printed)), printed);
  const { pathname } = new URL(`/v2/${path}/manifests/${digest ?? tag}`, "https://r.example");
  assert.equal(pathname, `/v2/${path}/manifests/${digest ?? tag}`);
}

function checkManifest({ descriptor, bytes, content }: Manifest): void {
  assert.equal(descriptor.digest, digestOf(bytes));
  assert.equal(descriptor.size, bytes.length);
  const named = content.kind === "image" ? [content.config, ...content.layers] : content.manifests;
  for (const { mediaType, digest, size } of named) {
    assert.equal(typeof mediaType, "string");
    assert.equal(parseDigest(digest), digest);
    assert.ok(Number.isSafeInteger(size) && size >= 0);
  }
  assert.ok(Object.values(content.annotations).every((value) => typeof value === "string"));
}

/** A login goes to a token service over TLS only, wherever a registry says that it is. */
function checkChallenge(text: string): void {
  const service = readChallenge(text);
  if (service?.kind !== "token") return;
  const { kind } = realmTrust(new URL("https://registry.example.org"), service.realm);
  assert.ok(kind !== "login" || service.realm.protocol === "https:");
}

/** A login has a name and a password, or a token. */
function checkLogins(text: string): void {
  for (const [name, found] of parseAuthFile("x", text)?.logins ?? []) {
    assert.equal(name, normalHost(name));
    const words = "identityToken" in found ? [found.identityToken] : [found.username];
    assert.ok(words.every((part) => typeof part === "string" && part !== ""));
    if ("password" in found) assert.equal(typeof found.password, "string");
  }
}

/** Does what may end in an error of berth's own; any other is thrown on. */
export function unlessOurs<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}
