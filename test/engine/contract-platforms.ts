/** What every engine makes of an image of several platforms, each by emulation where it is not the machine's own. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { emulateArm64, pushBothBusyboxes } from "../support/emulation.ts";
import { imageConfig, imageTree } from "../support/filetree.ts";
import type { Flow } from "../support/flow.ts";
import { made, type Project } from "./flows.ts";
import type { Workshop } from "./workshop.ts";

const machine = { amd64: "x86_64", arm64: "aarch64" };
const platform = "linux/amd64,linux/arm64";

export function platformsContract(name: string, workshop: Workshop): void {
  describe(`${name}, several platforms`, () => {
    let base: string;
    before(async () => {
      await emulateArm64();
      await pushBothBusyboxes(workshop.host());
      base = `${workshop.host()}/bases/busybox-both:1`;
    });

    const project = (arm64: string): Project => ({
      path: "qemu-project/platforms",
      dockerfiles: {
        base: `FROM ${base}\nARG TARGETARCH\nARG TARGETPLATFORM\nCOPY files/$TARGETARCH /own\nRUN echo "$TARGETPLATFORM $(uname -m)" > /ran\n`,
        child: `FROM --platform=$BUILDPLATFORM qemu/base AS tools\nARG TARGETARCH\nRUN echo "for $TARGETARCH on $(uname -m)" > /made\nFROM qemu/base\nCOPY --from=tools /made /made\nRUN uname -m > /child\n`,
        plain: "FROM scratch\nCOPY files/both /both\n",
      },
      files: { "files/amd64": "one", "files/arm64": arm64, "files/both": "both" },
      change: (image) => ({ ...image, platform }),
    });

    const treeOf = (flow: Flow, image: string) => {
      const { reference } = flow.outcomes.find((one) => one.name === image) ?? {};
      const [path = "", digest = ""] = (reference ?? "").split("@");
      const repository = path.slice(workshop.host().length + 1);
      return {
        tree: imageTree(workshop.host(), repository, digest),
        config: imageConfig(workshop.host(), repository, digest),
      };
    };

    test("each platform is built from bases and parents of its own, cross builds on the machine's", async () => {
      const flow = await made(workshop, project("two"));
      for (const [arch, name] of Object.entries(machine)) {
        const { tree, config } = treeOf(flow, `child@${arch}`);
        const files = await tree;
        const text = (path: string) => {
          const leaf = files.get(path);
          return leaf?.kind === "file" ? leaf.sha : undefined;
        };
        const own = process.arch === "arm64" ? "aarch64" : "x86_64";
        assert.equal(text("own"), digestOf(arch === "arm64" ? "two" : "one"), arch);
        assert.equal(text("ran"), digestOf(`linux/${arch} ${name}\n`), arch);
        assert.equal(text("child"), digestOf(`${name}\n`), arch);
        assert.equal(text("made"), digestOf(`for ${arch} on ${own}\n`), arch);
        assert.equal((await config)["architecture"], arch);
        assert.equal((await treeOf(flow, `plain@${arch}`).config)["architecture"], arch);
      }
    });

    test("only the platform that changed is built again", async () => {
      const flow = await made(workshop, project("three"));
      const kinds = flow.plan.images.map((image) => `${image.name} ${image.decision.kind}`);
      assert.deepEqual(kinds, [
        "base@amd64 reuse",
        "base@arm64 build",
        "base build",
        "child@amd64 build",
        "child@arm64 build",
        "child build",
        "plain reuse",
      ]);
    });
  });
}
