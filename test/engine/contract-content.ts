/** What gets into an image. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { imageConfig, imageLayers } from "../support/filetree.ts";
import type { Workshop } from "./workshop.ts";

export function contentContract(name: string, workshop: Workshop): void {
  test(`${name} says its version`, async () =>
    assert.match(await workshop.subject().engine.check(), /^\d+\.\d+/));

  test(`${name} puts context files with their kinds, modes and contents into the image`, async () => {
    const { digest } = await workshop.build({
      repository: "contract/files",
      dockerfile: `FROM ${workshop.base()}\nARG GREETING\nRUN echo "$GREETING" > /greeting\nCOPY . /app/\nENV A=b\nSHELL ["/bin/sh", "-e", "-c"]\nHEALTHCHECK CMD true\nCMD ["/app/run"]\n`,
      args: { GREETING: "a b=c, 'd'" },
      context: {
        "docs/page.txt": "text",
        run: { script: "#!/bin/sh\n" },
        latest: { link: "docs/page.txt" },
        ".dockerignore": "docs\n*.txt\n",
      },
    });
    const found = await workshop.tree("contract/files", digest);
    const file = (mode: number, data: string) => ({ kind: "file", mode, sha: digestOf(data) });
    assert.deepEqual(
      Object.fromEntries(
        [...found]
          .filter(([path]) => /^(?:app|greeting)/.test(path))
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
      {
        app: { kind: "directory", mode: 0o755 },
        "app/.dockerignore": file(0o644, "docs\n*.txt\n"),
        "app/docs": { kind: "directory", mode: 0o755 },
        "app/docs/page.txt": file(0o644, "text"),
        "app/latest": { kind: "symlink", target: "docs/page.txt" },
        "app/run": file(0o755, "#!/bin/sh\n"),
        greeting: file(0o644, "a b=c, 'd'\n"),
      },
    );
    const leftBehind = [...found.keys()].filter((path) => /^(?:dev|proc|sys|run)\/./.test(path));
    assert.deepEqual(leftBehind, []);
    const { config } = (await imageConfig(workshop.host(), "contract/files", digest)) as {
      readonly config: Record<string, unknown>;
    };
    assert.deepEqual(config["Cmd"], ["/app/run"]);
    assert.deepEqual(config["Shell"], ["/bin/sh", "-e", "-c"]);
    assert.deepEqual((config["Healthcheck"] as { Test: unknown }).Test, ["CMD-SHELL", "true"]);
    assert.ok((config["Env"] as string[]).includes("A=b"));
  });

  test(`${name} takes nothing of a job's environment that no key covers`, async (t) => {
    const taken = {
      SOURCE_DATE_EPOCH: "1000",
      BUILDX_GIT_LABELS: "full",
      EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: "/nowhere",
    };
    Object.assign(process.env, taken);
    t.after(() => Object.keys(taken).forEach((one) => void delete process.env[one]));
    const { digest } = await workshop.build({
      repository: "contract/environment",
      dockerfile: `FROM ${workshop.base()}\nARG SOURCE_DATE_EPOCH\nRUN echo "<$SOURCE_DATE_EPOCH>" > /time\n`,
    });
    const found = await workshop.tree("contract/environment", digest);
    assert.deepEqual(found.get("time"), { kind: "file", mode: 0o644, sha: digestOf("<>\n") });
  });

  test(`${name} gives a secret to a RUN and to nothing else`, async () => {
    const value = `secret-${randomUUID()}`;
    const { digest } = await workshop.build({
      repository: "contract/secret",
      dockerfile: `FROM ${workshop.base()}\nRUN --mount=type=secret,id=token sha256sum < /run/secrets/token > /sum\n`,
      secrets: { token: value },
    });
    const sum = `${createHash("sha256").update(value).digest("hex")}  -\n`;
    const found = await workshop.tree("contract/secret", digest);
    assert.deepEqual(found.get("sum"), { kind: "file", mode: 0o644, sha: digestOf(sum) });
    assert.equal(found.has("run/secrets/token"), false);
    const layers = await imageLayers(workshop.host(), "contract/secret", digest);
    const config = JSON.stringify(await imageConfig(workshop.host(), "contract/secret", digest));
    assert.equal(
      [config, ...layers].some((bytes) => bytes.includes(value)),
      false,
    );
  });
}
