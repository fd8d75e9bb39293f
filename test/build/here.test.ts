/** Images that are built for this machine alone: their names, and podman as the program that makes them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lookAtMachine } from "../../src/build/buildah-machine.ts";
import type { BuildRequest } from "../../src/build/engine.ts";
import { buildHere, nameHere } from "../../src/build/here.ts";
import type { Tools } from "../../src/build/tools.ts";
import { realFiles } from "../../src/host/files.ts";
import type { Key } from "../../src/image/key.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference, printReference } from "../../src/oci/reference.ts";
import type { Decision, PlannedImage } from "../../src/plan/plan.ts";
import type { Run } from "../../src/world.ts";
import { outcomeOf, planned } from "../report/samples.ts";
import { plannedImage } from "../support/keyed.ts";
import { ended } from "../support/processes.ts";
import { recipeOf } from "../support/recipe.ts";

const key = "0123456789abcdef".repeat(4) as Key;

test("an image built here is named after its work tree, itself and its key", () => {
  const roots = { "/home/me/qemu": "qemu", "/home/me/My Project (2)": "my-project-2" };
  for (const [root, folder] of Object.entries({ ...roots, "/home/me/äö": "", "/": "" })) {
    const name = printReference(nameHere(root, { name: "debian", key }));
    const shape = new RegExp(`^localhost/berth/${folder}-?[0-9a-f]{8}/debian:key\\d+-${key}$`);
    assert.match(name, shape);
    assert.equal(printReference(parseReference(name)), name);
  }
  const [one, other] = ["/a/qemu", "/b/qemu"].map((root) =>
    nameHere(root, { name: "debian", key }),
  );
  assert.notEqual(one?.path, other?.path);
});

describe("an image is built here", () => {
  const at = "r.example/x";
  const sha = digestOf("x");
  const found = { digest: sha, foundBy: "key-tag" } as const;
  const reuse = { kind: "reuse", reference: at, ...found } as const;
  const absent = { kind: "build", because: { code: "no-registry" } } as const;
  const forced = { kind: "build", because: absent.because, scratch: { code: "forced" } } as const;
  const again = { kind: "refresh", because: { code: "forced" }, from: `${at}@${sha}` } as const;
  const same = { kind: "build", because: { code: "same", as: "twin" } } as const;
  const both = { platform: "linux/amd64,linux/arm64" };
  const onBase = { parents: ["base"] };
  const base = plannedImage("base", { ...reuse, reference: `parents.example/b@${sha}` });
  const placed = { repository: `${at}/debian` };
  const twin = outcomeOf(planned("twin", "build"), "built", 1, { reference: "localhost/t:1" });
  const member = { ...twin, name: "debian@amd64", reference: "localhost/amd64:1" };
  const own = printReference(nameHere("/x", { name: "debian", key }));

  const rows: readonly (readonly [
    what: string,
    decision: Decision,
    isHere: boolean,
    ends: string,
    asked: string,
    change?: Partial<PlannedImage>,
  ])[] = [
    ["where one is at hand it is used", reuse, false, `reused ${at}`, ""],
    ["and taken from where it is", { kind: "copy", from: at, ...found }, false, `reused ${at}`, ""],
    ["unless it was before", absent, true, `reused ${own}`, "has"],
    ["where it was not", absent, false, `built ${own}`, "has build"],
    ["from scratch whatever was before", forced, true, `built ${own}`, "build"],
    ["from scratch beside a registry", forced, false, `built ${own}`, "build", placed],
    ["with any layers beside an empty one", absent, false, `built ${own}`, "has build", placed],
    ["with the login for its parent", absent, false, `built ${own}`, "has build", onBase],
    ["anew where it is refreshed", again, true, `built ${own}`, "build"],
    ["once for two names", same, false, "reused localhost/t:1", ""],
    ["for this machine's platform alone", absent, false, "reused localhost/amd64:1", "", both],
  ];
  for (const [what, decision, isHere, ends, expected, change] of rows)
    test(what, async () => {
      const image = plannedImage("debian", decision, { key, repository: null, ...change });
      const images = [image, base, planned("twin", "build"), planned("debian@amd64", "build")];
      const hosts: string[] = [];
      const asked: string[] = [];
      const engine = {
        here: {
          has: async () => asked.push("has") > 0 && isHere,
          build: async ({ destination, noCache, cacheSince }: BuildRequest) => {
            asked.push("build");
            const isAnew = decision === forced || layers === "none";
            assert.deepEqual(
              [printReference(destination), noCache, cacheSince?.getTime()],
              [own, isAnew, isAnew ? 0 : undefined],
            );
          },
        },
      };
      const recipe = recipeOf(change === onBase ? "FROM qemu/base\n" : "FROM scratch\n");
      const material = { recipe, contextTar: undefined };
      const layers = isHere ? "none" : "any";
      const materials = new Map(["debian", "base"].map((name) => [name, material]));
      const machine = { files: realFiles(), root: "/x", env: {}, platform: "linux/amd64" };
      const tools = {
        task: { plan: { images, config: {} }, materials },
        machine: { ...machine, unpack: async () => {} },
        logins: {
          authFile: async (some: readonly string[]) => hosts.push(...some) > 0 && "{}",
          insecureHosts: [],
        },
        log: { section: () => ({ line: () => {}, end: () => {} }) },
        clock: { now: () => new Date(0) },
        situation: { upstream: undefined },
        registry: { get: async () => undefined },
        engine: async () => engine,
      } as unknown as Tools;
      const done = new Map([twin, member].map((outcome) => [outcome.name, outcome]));
      const nameOf = () => nameHere("/x", image);
      const { outcome } = await buildHere(image, done, tools, { nameOf, layers });
      const said = `${outcome.result} ${outcome.reference}`;
      assert.deepEqual([said, asked.join(" ")], [ends, expected]);
      assert.equal(hosts.includes("parents.example"), change === onBase);
    });
});

/** Of podman 4.3.1 as root, `info --format=json`, less what is not about its store. */
const info = `{
  "host": { "arch": "amd64", "buildahVersion": "1.28.2", "conmon": { "version": "conmon version 2.1.6, commit: unknown" } },
  "store": { "graphDriverName": "overlay", "graphOptions": { "overlay.imagestore": "/usr/lib/containers/storage" }, "graphRoot": "/var/lib/containers/storage", "runRoot": "/run/containers/storage" },
  "version": { "APIVersion": "4.3.1", "Version": "4.3.1" }
}`;

test("podman builds as the buildah that it holds", async () => {
  const asked: string[] = [];
  const run: Run = async (command, args, options) => {
    const driver = options?.env?.["STORAGE_DRIVER"] ?? [];
    asked.push([driver, command, ...args].flat().join(" "));
    return ended({ stdout: JSON.stringify(JSON.parse(info), null, 2) });
  };
  const nothing = async () => undefined;
  const files = { entry: nothing, read: nothing, write: async () => {} };
  const clock = { now: () => new Date(0), sleep: async () => {} };
  const asking = { run, files, clock, env: {}, command: "podman" };
  const { run: call, ...machine } = await lookAtMachine(asking);
  assert.deepEqual(machine, {
    added: ["/usr/lib/containers/storage"],
    version: { text: "1.28.2", minor: 28 },
    driver: "overlay",
    graphRoot: "/var/lib/containers/storage",
    runRoot: "/run/containers/storage",
    names: "{{.Repository}}:{{.Tag}}",
  });
  await call(["images"]);
  assert.deepEqual([...new Set(asked)], ["podman info --format=json", "overlay podman images"]);
});
