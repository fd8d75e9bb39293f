/** berth's own pipeline of a release, but for what needs the internet: its checks, the bases of its images, npm and GitLab's own client. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { newProject } from "../lives/actor.ts";
import { tagged } from "../lives/look.ts";
import { pushBusybox } from "../support/bases.ts";
import { succeed } from "../support/command.ts";
import { toolImages } from "../support/tool-image.ts";
import { passed, run } from "./coordinator/ran.ts";
import { platform } from "./released.ts";

const top = join(import.meta.dirname, "../..");
const read = (path: string) => readFile(join(top, path), "utf8");

/** The project as it is, with images that are made of those that are there. */
async function ownFiles(host: string): Promise<Readonly<Record<string, string>>> {
  const kept = [
    ...[
      "templates/images/template.yml",
      "berth.yml",
      "CHANGELOG.md",
      "component/single/ci/try.yml",
    ],
  ];
  const files = await Promise.all(kept.map(async (path) => [path, await read(path)] as const));
  const images = {
    Dockerfile: "tool",
    "container/buildah.Dockerfile": "tool-buildah",
    "container/docker.Dockerfile": "tool-docker",
  };
  // A label of their own: of one image with a digest in each of two registries the runner names either.
  const made = Object.entries(images).map(
    ([path, name]) => [path, `FROM ${host}/tools/${name}:1\nLABEL own=${name}\n`] as const,
  );
  const { image: _, ...ci } = parse(await read(".gitlab-ci.yml"));
  const busybox = `${host}/library/busybox:1`;
  const buildah = { name: `${host}/tools/tool-buildah:1`, entrypoint: [""] };
  return {
    ...Object.fromEntries([...files, ...made]),
    "component/single/ci/tools.docker": `FROM ${busybox}\nRUN echo "tools 1" > /etc/ci-image\n`,
    ".gitlab-ci.yml": JSON.stringify({
      ...ci,
      check: { ...ci.check, image: busybox, script: "true" },
      "tool-image": {
        ...ci["tool-image"],
        image: buildah,
        before_script: [],
        script: "berth ensure --engine buildah",
      },
      "publish-package": { ...ci["publish-package"], image: busybox, script: "true" },
      release: { ...ci.release, image: busybox, script: [...ci.release.script, "cat release.md"] },
    }),
  };
}

test("a release builds the tool images, tries the component in them, tags them and says their digests", async () => {
  const { bases, ground, gitlab } = platform;
  await pushBusybox(bases.host, "library/busybox", "1");
  for (const [name, image] of await toolImages()) await image.push(`${bases.host}/tools/${name}:1`);
  const members = { bea: "maintainer" } as const;
  const own = await newProject(ground, "mirrors/berth", { members });
  const sha = await own.commit("main", await ownFiles(bases.host));
  await succeed("git", ["-C", own.bare, "tag", "1.2.3", sha], { env: ground.env });
  const { outputs, states, images } = passed(await run(platform, own.project, { tag: "1.2.3" }));
  assert.deepEqual(new Set(Object.values(states)), new Set(["success"]));
  assert.equal(outputs["try-run"], "tools 1\n");
  const digests = ["tool-buildah", "tool-docker", "tool"].map((name) => {
    const digest = tagged(platform, `mirrors/berth/${name}`, "1.2.3");
    return `- \`${gitlab.registry.host}/mirrors/berth/${name}@${digest}\``;
  });
  const told = outputs["release"]?.split("\n").filter((line) => line.startsWith("- `"));
  assert.deepEqual(told?.slice(0, 3), digests);
  assert.equal(`${images["try-images"]}\``, digests[0]?.split("@")[1]);
});
