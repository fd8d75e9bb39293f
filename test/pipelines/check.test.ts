import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkConsumers } from "../../src/cli/consumers.ts";
import type { Session } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import type { Tree } from "../../src/context/tree.ts";
import { BerthError } from "../../src/errors.ts";
import { memoryTree } from "../support/tree.ts";

const wrong = "a:\n  image: $BERTH_IMAGE_DEBAIN\nb:\n  image: $BERTH_IMAGE_FEDROA\n";

/** What the check needs of a session, with what it warned about. */
function session(tree: Tree, ci: boolean, env: Record<string, string> = {}) {
  const warned: string[] = [];
  const images = [{ name: "debian" }, { name: "fedora" }];
  const given = {
    world: { env, log: { warn: (text: string) => warned.push(text) } },
    project: { tree, config: defaultConfig, images },
    situation: { ci },
  };
  return { given: given as unknown as Session, warned };
}

describe("an image that a job names and the project does not have", () => {
  test("ends a pipeline with all places at once", async () => {
    const { given } = session(memoryTree({ ".gitlab-ci.yml": wrong }), true);
    await assert.rejects(checkConsumers(given), (error: unknown) => {
      assert.ok(error instanceof BerthError);
      assert.equal(error.code, "IMAGE_UNKNOWN");
      assert.equal(error.hint, "the images are: debian, fedora");
      assert.deepEqual(
        error.problems.map(({ file, line, column }) => [file, line, column]),
        [
          [".gitlab-ci.yml", 2, 11],
          [".gitlab-ci.yml", 4, 11],
        ],
      );
      return true;
    });
  });

  test("is a warning on a developer's machine", async () => {
    const { given, warned } = session(memoryTree({ ".gitlab-ci.yml": wrong }), false);
    await checkConsumers(given);
    assert.equal(warned.length, 2);
    assert.match(
      warned[0]!,
      /^\.gitlab-ci\.yml:2:11: job a: .*did you mean \$BERTH_IMAGE_DEBIAN\?$/,
    );
  });

  test("is looked for in the file that the project's settings name", async () => {
    const tree = memoryTree({ ".gitlab-ci.yml": wrong, "ci/main.yml": "a:\n  image: busybox\n" });
    await checkConsumers(session(tree, true, { CI_CONFIG_PATH: "ci/main.yml" }).given);
    await checkConsumers(session(tree, true, { CI_CONFIG_PATH: "main.yml@group/ci" }).given);
    const { given } = session(tree, true, { CI_CONFIG_PATH: "" });
    await assert.rejects(checkConsumers(given), { code: "IMAGE_UNKNOWN" });
  });

  test("is nobody's business where there is no pipeline or git fails", async () => {
    await checkConsumers(session(memoryTree({}), true).given);
    const failing: Tree = {
      ...memoryTree({}),
      read: async () => {
        throw new BerthError("GIT_FAILED", "read: no");
      },
    };
    await checkConsumers(session(failing, true).given);
  });

  test("costs one look at each file of the pipeline", async () => {
    const files = {
      ".gitlab-ci.yml": "include: [a.yml]\n",
      "a.yml": "a:\n  image: $BERTH_IMAGE_DEBIAN\n",
    };
    const tree = memoryTree(files);
    const read: string[] = [];
    const counted: Tree = {
      ...tree,
      read: (path) => {
        read.push(path);
        return tree.read(path);
      },
    };
    await checkConsumers(session(counted, true).given);
    assert.deepEqual(read, [".gitlab-ci.yml", "a.yml"]);
  });
});
