/** The project of the lives: three images that must be there, one that may fail, and a file that no image reads. */
import type { Files } from "./actor.ts";

export const imageNames = ["alone", "base", "child", "rust"] as const;
export type ImageName = (typeof imageNames)[number];

/** `more` is added to berth.yml. */
export function projectFiles(bases: string, more = ""): Files {
  return {
    "berth.yml": `prefix: QEMU_CI
upstream: acme/tools
repository: "qemu/{name}"
parents: "qemu/{name}"
merge: { bots: [marge] }
publish:
  - { branch: staging, tag: latest }
  - { branch: "{default}", tag: latest }
  - { branch: "staging-*", tag: "{slug}" }
images:
  alone: { dockerfile: ci/alone.docker, args: { BASES: ${bases}/bases } }
  base: { dockerfile: ci/base.docker, args: { BASES: ${bases}/bases } }
  child: ci/child.docker
  rust: { dockerfile: ci/rust.docker, args: { BASES: ${bases}/bases }, optional: true }
${more}`,
    "ci/alone.docker": "ARG BASES\nFROM $BASES/busybox:1\nCOPY ci/alone.list /list\n",
    "ci/alone.list": "gcc\n",
    "ci/base.docker": "ARG BASES\nFROM $BASES/busybox:1\nRUN echo made > /made\n",
    "ci/child.docker": "FROM qemu/base\nCOPY ci/child.list /list\n",
    "ci/child.list": "make\n",
    "ci/rust.docker": "ARG BASES\nFROM $BASES/busybox:old\nENV CHANNEL=nightly\n",
    "main.c": "int main(void) { return 0; }\n",
  };
}

/** What `tagsWritten` says of a pipeline that writes the same for all images of a project. */
export function allWritten(project: string, words: string): readonly string[] {
  return imageNames.map((name) => `${project}/qemu/${name}: ${words}`);
}
