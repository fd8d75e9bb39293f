import assert from "node:assert/strict";
import { test } from "node:test";
import { pinReferences } from "../../src/build/pin.ts";
import type { BaseFacts, Tools } from "../../src/build/tools.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import type { PlannedImage } from "../../src/plan/plan.ts";
import { keyedImage } from "../support/keyed.ts";
import { recipeOf } from "../support/recipe.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const parent = `registry.example.com/qemu/base@${digest("b")}`;

/** Pins a text whose bases say what `facts` holds, and tells what was asked. */
async function pin(
  text: string,
  facts: Record<string, Partial<BaseFacts>>,
  change: Partial<PlannedImage> = {},
) {
  const asked: string[] = [];
  const warnings: string[] = [];
  const said: string[] = [];
  const material = { recipe: recipeOf(text, { file: "x.docker" }), contextTar: undefined };
  const tools = {
    task: { materials: new Map([[change.name ?? "x", material]]) },
    base: async (name: string, platform: string) => {
      asked.push(`${name} ${platform}`);
      const found = facts[name];
      const a = digest("a");
      const nothing = { digest: undefined, pinned: undefined, unknown: "it is away" };
      const known = { digest: a, pinned: `${name}@${a}`, unknown: undefined };
      return { name, onbuild: [], env: [], ...(found === undefined ? nothing : known), ...found };
    },
    log: { info: (line: string) => said.push(line), warn: (line: string) => warnings.push(line) },
  } as unknown as Tools;
  const image = { ...keyedImage("x"), ...change } as PlannedImage;
  const pinned = await pinReferences(image, new Map([["base", parent]]), tools);
  return { ...pinned, asked: asked.sort(), warnings, said };
}

async function refusal(...given: Parameters<typeof pin>): Promise<BerthError> {
  const error: unknown = await pin(...given).catch((reason: unknown) => reason);
  assert.ok(error instanceof BerthError);
  return error;
}

test("parents and bases are written by digest, and the target's base is told", async () => {
  const text = "FROM debian:13 AS tools\nRUN make\nFROM qemu/base\nCOPY --from=tools a b\n";
  const found = await pin(text, { "debian:13": {} });
  const pinned = text.replace("debian:13", `debian:13@${digest("a")}`);
  assert.equal(found.dockerfile.text, pinned.replace("qemu/base", parent));
  assert.deepEqual(found.dockerfile.lines, [1, 2, 3, 4]);
  assert.deepEqual(found.base, { name: "qemu/base", digest: digest("b") });
  assert.deepEqual(found.bases, [{ name: "debian:13", digest: digest("a") }]);
  assert.deepEqual(found.asked, ["debian:13 linux/amd64"]);
});

test("the target's base is told by its own digest, not by that of another stage's", async () => {
  const facts = { "debian:13": { digest: digest("c") }, "node:22": {} };
  const found = await pin("FROM node:22 AS web\nFROM debian:13\nCOPY --from=web a b\n", facts);
  assert.deepEqual(found.base, { name: "debian:13", digest: digest("c") });
  assert.deepEqual((await pin("FROM scratch\nCOPY --from=node:22 a b\n", facts)).base, undefined);
});

test("a base that cannot be asked is written as it is named, with a warning", async () => {
  const found = await pin("ARG V=13\nFROM debian:$V\n", {});
  assert.equal(found.dockerfile.text, "ARG V=13\nFROM debian:13\n");
  assert.match(found.warnings.join(), /debian:13 is used as written.*it is away/);
  assert.deepEqual(found.said, found.warnings, "said at once, too");
  assert.deepEqual(found.base, { name: "debian:13", digest: undefined });
});

test("a base with triggers is refused unless the configuration declares them", async () => {
  const facts = { "node:22": { onbuild: ["COPY . /src"] } };
  const error = await refusal("\nFROM node:22\n", facts);
  assert.equal(error.code, "BASE_ONBUILD");
  assert.match(error.hint ?? "", /declare `onbuild: true` for x /);
  assert.match(error.message, /x\.docker:2: base node:22 .*COPY \. \/src/);
  await pin("FROM node:22\n", facts, { onbuild: true });
  await pin("FROM debian:13\nCOPY --from=node:22 a b\n", { ...facts, "debian:13": {} });
});

test("an ARG over a variable of its base is refused, whichever stage declares it", async () => {
  const facts = { "debian:13": { env: ["PATH", "GCC"] }, "node:22": { env: ["NODE"] } };
  const text = "FROM debian:13 AS a\nARG GCC=1 OTHER\nFROM a\nARG NODE\nRUN x\nARG PATH\n";
  const error = await refusal(text, facts);
  assert.equal(error.code, "DOCKERFILE_INVALID");
  assert.deepEqual(
    error.problems.map((one) => printProblem(one).replace(/: in BuildKit.*/, "")),
    [
      "x.docker:2:1: ARG GCC stands where the base debian:13 sets GCC",
      "x.docker:6:1: ARG PATH stands where the base debian:13 sets PATH",
    ],
  );
  // Taking files of an image takes none of its variables.
  await pin("FROM debian:13\nARG NODE\nCOPY --from=node:22 a b\n", facts);
});

test("a member is refused a base for another platform, whoever says so", async () => {
  const arm = { name: "x@arm64", platform: "linux/arm64" };
  const amd = { name: "x@amd64", platform: "linux/amd64" };
  const facts = { a: { architecture: "amd64" }, b: { architecture: "arm64" }, c: {} };
  const rows: readonly (readonly [text: string, line: number, change: Partial<PlannedImage>])[] = [
    ["FROM a\n", 1, arm],
    ["FROM b\nFROM a AS y\nFROM y\n", 2, arm],
    ["FROM --platform=linux/arm64 c\n", 1, amd],
    ["FROM --platform=linux/amd64 qemu/base\n", 1, arm],
    ["FROM a\nCOPY --from=b x x\n", 0, amd],
    ["FROM a AS tools\nFROM c\nCOPY --from=tools x x\n", 0, arm],
    ["FROM a AS tools\nFROM scratch\nCOPY --from=tools x x\n", 0, arm],
    ["FROM gone\n", 0, arm],
    ["FROM --platform=linux/aarch64 c\n", 0, arm],
    // A base of another platform is all that some images of one platform are for.
    ["FROM b\n", 0, { platform: "linux/amd64" }],
  ];
  for (const [text, line, change] of rows) {
    if (line === 0) await pin(text, facts, change);
    else {
      const { code, problems } = await refusal(text, facts, change);
      assert.deepEqual([code, problems[0]?.line], ["DOCKERFILE_INVALID", line], text);
    }
  }
});

test("what is taken of an image for another platform is told, unless that was asked for", async () => {
  const arm = { name: "x@arm64", platform: "linux/arm64" };
  const facts = { a: { architecture: "amd64" }, b: { architecture: "arm64" } };
  const rows: readonly (readonly [text: string, line: number, change: Partial<PlannedImage>])[] = [
    ["FROM b\nCOPY --from=a x x\n", 2, arm],
    ["FROM b\nRUN --mount=from=a,target=/a x\n", 2, { platform: "linux/arm64" }],
    ["FROM a AS tools\nFROM b\nCOPY --from=tools x x\n", 1, arm],
    ["FROM --platform=linux/amd64 a AS tools\nFROM b\nCOPY --from=tools x x\n", 0, arm],
    ["FROM b\nCOPY --from=b x x\n", 0, arm],
    ["FROM a\n", 0, { platform: "linux/arm64" }],
    ["FROM b\nCOPY --from=c x x\n", 0, arm],
  ];
  for (const [text, line, change] of rows) {
    const { warnings } = await pin(text, { ...facts, c: {} }, change);
    const said = `${change.name ?? "x"}: x.docker:${line}: a is for amd64: programs that are taken of it do not run on linux/arm64`;
    assert.deepEqual(warnings, line === 0 ? [] : [said], text);
  }
});

test("what an image leaves in force counts in the stages that start from it, and in these alone", async () => {
  const leaves = { shell: true, user: true, ports: ["53/tcp"] };
  const facts = { [parent]: { leaves }, a: { leaves }, b: {} };
  const rows: readonly (readonly [text: string, lines: readonly number[]])[] = [
    ["FROM a\nCMD x\n", [2]],
    ["FROM qemu/base\nENTRYPOINT x\nONBUILD CMD x\n", [2, 3]],
    ["FROM a AS s\nFROM s\nEXPOSE 80 53/udp\nWORKDIR /w\nCOPY --from=b x .\n", [3, 5]],
    ["FROM a AS s\nRUN x\nFROM b\nCMD x\nEXPOSE 53/udp\nWORKDIR /w\nCOPY --from=s x .\n", []],
    ['FROM qemu/base\nCMD ["x"]\nEXPOSE 53\nUSER 0\nWORKDIR /w\nCOPY --from=a x .\n', []],
  ];
  for (const [text, lines] of rows) {
    const { notes } = await pin(text, facts);
    assert.deepEqual(
      notes.map(({ line }) => line),
      lines,
      text,
    );
  }
});

test("a parent is asked what it sets only where an ARG could have the same name", async () => {
  const facts = { [parent]: { env: ["CC"] } };
  assert.deepEqual((await pin("FROM qemu/base\nRUN x\n", facts)).asked, []);
  const found = await pin("FROM qemu/base\nARG USER\n", facts);
  assert.deepEqual(found.asked, [`${parent} linux/amd64`]);
  assert.deepEqual(found.bases, []);
  const error = await refusal("FROM qemu/base\nARG CC=gcc\n", facts);
  assert.match(printProblem(error.problems[0]!), /x\.docker:2:1: ARG CC .*base qemu\/base/);
});
