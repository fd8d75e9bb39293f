import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { explain } from "../../src/explain/explain.ts";
import { answer } from "../../src/explain/explanation.ts";
import { printDifferences, printExplanation, summary } from "../../src/explain/print.ts";
import type { Key } from "../../src/image/key.ts";
import type { Git } from "../../src/world.ts";
import { screen } from "../support/screen.ts";
import { assertTrue, between, explained, type Project, stateIn } from "./between.ts";

const dockerfile = [
  "ARG RELEASE=13",
  "FROM ci/base AS build",
  "ARG USER=root",
  "COPY scripts/ /opt/scripts/",
  "RUN apt-get update && \\",
  "    # a comment in between",
  "    apt-get install -y \\",
  "      gcc \\",
  "      make",
  "RUN <<EOF",
  "set -e",
  "make",
  "EOF",
  "FROM debian:${RELEASE}-slim",
  "COPY --from=build /opt /opt",
  "ENV A=1",
  "",
].join("\n");

const files: Project["files"] = {
  "x.docker": dockerfile,
  "base.docker": "FROM debian:13\nRUN make base\n",
  "scripts/build.sh": { exec: "make\n" },
  "scripts/notes": "notes\n",
};

const swap = (from: string, to: string): Project["files"] => {
  assert.ok(dockerfile.includes(from), from);
  return { ...files, "x.docker": dockerfile.replace(from, to) };
};

const text = (lines: readonly string[]): string => lines.join("\n");

/** What becomes of the project, the one line of a table with the lines that people read below, and what it was. */
const cases: Readonly<Record<string, readonly [now: Project, said: string, old?: Project]>> = {
  "one line of a long RUN": [
    { files: swap("      gcc \\\n", "      gcc \\\n      ninja \\\n") },
    `RUN at line 5 changed
  x.docker:5: ~ RUN apt-get update && \\
        … 2 lines
              gcc \\
      +       ninja \\
              make`,
  ],
  "a line of a heredoc": [
    { files: swap("set -e\nmake", "set -ex\nmake") },
    `RUN at line 10 changed
  x.docker:10: ~ RUN <<EOF
      - set -e
      + set -ex
        make`,
  ],
  "a new instruction": [
    { files: swap("ENV A=1", "ENV A=1\nENV B=2") },
    `ENV at line 17 added
  x.docker:17: + ENV B=2`,
  ],
  "an instruction that is gone": [
    { files: swap("ENV A=1\n", "") },
    `ENV at line 16 removed
  x.docker:16: - ENV A=1`,
  ],
  "an instruction in another place": [
    { files: swap("COPY --from=build /opt /opt\nENV A=1", "ENV A=1\nCOPY --from=build /opt /opt") },
    `COPY at line 15 and 1 more changed
  x.docker:15: - COPY --from=build /opt /opt
  x.docker:16: + COPY --from=build /opt /opt`,
  ],
  "a base by its ARG": [
    { files: swap("RELEASE=13", "RELEASE=14") },
    `ARG at line 1 changed
  x.docker:1: ~ ARG
      - ARG RELEASE=13
      + ARG RELEASE=14`,
  ],
  "an ARG by the configuration": [
    { files, image: { args: { USER: "dan" } } },
    `build arg USER added
  build arg USER none → "dan"`,
  ],
  "an ARG that the configuration gives no more": [
    { files },
    `build arg USER removed
  build arg USER "dan" → none`,
    { files, image: { args: { USER: "dan" } } },
  ],
  "the bytes of a file": [
    { files: { ...files, "scripts/notes": "other notes\n" } },
    `COPY scripts/notes changed
  ~ scripts/notes  COPY at x.docker:4`,
  ],
  "the mode of a file": [
    { files: { ...files, "scripts/build.sh": "make\n" } },
    `COPY scripts/build.sh changed
  ~ scripts/build.sh (no longer executable)  COPY at x.docker:4`,
  ],
  "the mode of a file, the other way": [
    { files: { ...files, "scripts/notes": { exec: "notes\n" } } },
    `COPY scripts/notes changed
  ~ scripts/notes (now executable)  COPY at x.docker:4`,
  ],
  "a file that became a link, and a new one": [
    { files: { ...files, "scripts/notes": { link: "build.sh" }, "scripts/new": "" } },
    `COPY scripts/new and 1 more changed
  + scripts/new  COPY at x.docker:4
  ~ scripts/notes (another type)  COPY at x.docker:4`,
  ],
  "a COPY with the files that it alone reaches": [
    { files: { ...swap("ENV A=1", "COPY more /more\nENV A=1"), "more/a": "a", "more/b": "b" } },
    `COPY at line 16 added
  x.docker:16: + COPY more /more`,
  ],
  "a parent": [
    { files: { ...files, "base.docker": "FROM debian:13\nRUN make all\n" } },
    `parent base changed: RUN at line 2 changed
  parent base changed:
    base.docker:2: ~ RUN
        - RUN make base
        + RUN make all`,
  ],
  "a parent that is an image of the project no longer": [
    {
      files: {
        "x.docker": dockerfile,
        "scripts/build.sh": { exec: "make\n" },
        "scripts/notes": "notes\n",
      },
    },
    `parent base removed
  - parent base: no longer named by ci/base`,
  ],
  "a stage that comes in between": [
    {
      files: swap(
        "FROM debian:${RELEASE}",
        "FROM alpine AS tools\nRUN make tools\nFROM debian:${RELEASE}",
      ),
    },
    "",
  ],
  "a stage that is needed": [
    {
      files: swap(
        "FROM debian:${RELEASE}-slim\n",
        "FROM alpine AS tools\nRUN make tools\nFROM debian:${RELEASE}-slim\nCOPY --from=tools /t /t\n",
      ),
    },
    `FROM at line 14 and 2 more changed
  x.docker:14: + FROM alpine AS tools
  x.docker:15: + RUN make tools
  x.docker:17: + COPY --from=tools /t /t`,
  ],
  "platform, secrets and epoch": [
    { files, image: { platform: "linux/arm64", epoch: "2", secrets: [{ id: "npm", env: "N" }] } },
    `platform and 2 more changed
  platform linux/amd64 → linux/arm64
  secrets none → npm
  epoch none → 2`,
  ],
  "the target": [
    { files, image: { target: "build" } },
    `target and 4 more changed
  target none → build
  x.docker:1: - ARG RELEASE=13
  x.docker:14: - FROM debian:\${RELEASE}-slim
  x.docker:15: - COPY --from=build /opt /opt
  x.docker:16: - ENV A=1`,
  ],
  "an ignore file": [
    { files: { ...files, ".dockerignore": "scripts/notes\n" } },
    `COPY scripts/notes removed
  - scripts/notes  COPY at x.docker:4`,
  ],
};

const both = { platform: "linux/amd64,linux/arm64" };
const three = { platform: `${both.platform},linux/s390x` };
const copying = (change: Project["files"] = {}): Project["files"] => ({
  ...{ "x.docker": "FROM debian\nARG TARGETARCH\nCOPY files/$TARGETARCH /x\n" },
  ...{ "files/amd64": "1", "files/arm64": "2", "files/s390x": "3", ...change },
});
const platformCases: typeof cases = {
  "what all platforms have in common": [
    { files: copying(), image: { ...both, epoch: "2" } },
    `epoch changed
  epoch none → 2`,
    { files: copying(), image: both },
  ],
  "one platform, and a new one": [
    { files: copying({ "files/arm64": "4" }), image: three },
    `platform and 1 more changed
  platform ${both.platform} → ${three.platform}
  platform linux/arm64:
    ~ files/arm64  COPY at x.docker:3`,
    { files: copying(), image: both },
  ],
  "an image for one platform that comes to be for two": [
    { files: copying({ "files/amd64": "4" }), image: both },
    `platform and 1 more changed
  platform linux/amd64 → ${both.platform}
  ~ files/amd64  COPY at x.docker:3`,
    { files: copying() },
  ],
};

describe("explaining a change of", () => {
  for (const [what, [now, said, old = { files }]] of Object.entries({
    ...cases,
    ...platformCases,
  })) {
    test(what, async () => {
      const found = await between(old, now);
      const printed = printDifferences(found, (_style, words) => words);
      assert.equal(text([summary(found), ...printed]), said);
    });
  }

  test("what is between instructions finds nothing, for no key changes with it", async () => {
    const now = swap("RUN apt-get update && \\\n", "# why\n\nRUN apt-get update && \\\n");
    assert.deepEqual(await between({ files }, { files: now }), []);
  });

  test("an image that was not there says that there was none", async () => {
    const now = await explained({ files });
    assert.deepEqual(explain(undefined, now), [{ kind: "image", name: "x" }]);
    assert.equal(summary(explain(undefined, now)), "the image is new");
    const other = explain({ ...now, image: { ...now.image, key: "other" as Key } }, now);
    assert.equal(summary(other), "inputs without a name changed");
  });

  test("other line ends show", async () => {
    const now = { files: swap("ENV A=1\n", "ENV A=1\r\n") };
    const printed = text(printDifferences(await between({ files }, now), (_style, words) => words));
    assert.match(printed, /- ENV A=1\n.*\+ ENV A=1\\r$/s);
  });

  test("what would steer a terminal shows it harmless", async () => {
    const now = {
      files: { ...swap("ENV A=1", "ENV A=\u001b[31m\u0007"), "scripts/\u001b[2J": "" },
      image: { args: { USER: "\u001b[1m" }, epoch: "\u009b1m" },
    };
    const printed = text(printDifferences(await between({ files }, now), (_style, words) => words));
    assert.match(printed, /ENV A=\\u001b\[31m\\u0007/);
    assert.doesNotMatch(printed, /[^\P{Cc}\n]/u);
    const file = await between({ files }, { files: { ...files, "scripts/\u001b[2J": "" } });
    assert.equal(summary(file), "COPY scripts/\\u001b[2J added");
  });
});

test("between any two states with different keys something true is found, and nothing otherwise", async () => {
  const projects = [{ files }, ...Object.values(cases).map(([now]) => now)];
  for (const old of projects) for (const now of projects) await assertTrue(old, now);
});

test("the page names every kind of difference", () => {
  const top = join(import.meta.dirname, "../..");
  const read = (path: string): string => readFileSync(join(top, path), "utf8");
  const declared = [...read("src/explain/difference.ts").matchAll(/readonly kind: ([^;]+);/g)];
  const kinds = declared.flatMap(([, union = ""]) => union.match(/\w+/g) ?? []);
  const listed = /A difference has a `kind` \(([^)]+)\)/.exec(read("docs/commands.md"))?.[1] ?? "";
  assert.deepEqual([...(listed.match(/\w+/g) ?? [])].sort(), kinds.sort());
});

test("an image whose commit gives another key than it has is told so", async () => {
  const revision = `${"c0ffee".repeat(6)}c0ff`;
  const state = stateIn({ files });
  const { image } = await explained({ files });
  const reference = `r.example/x@sha256:${"ab".repeat(32)}`;
  const against = (key: string | null, own = "now") =>
    answer({
      name: "x",
      now: state,
      key: own,
      label: "the working tree",
      stateAt: async () => state,
      against: { label: "latest", reference, revision, key },
      git: { object: async () => ({ id: revision }) } as unknown as Git,
    });
  const other = await against("other");
  assert.match(other.notes.join(), /^latest has another key than its commit gives/);
  const told = async (key: string | null, own?: string) => {
    const { same, notes } = await against(key, own);
    return [same, ...notes];
  };
  assert.deepEqual(await told(image.key), [false]);
  assert.deepEqual(await told(null), [false]);
  assert.deepEqual(await told(null, image.key), [true]);
  assert.deepEqual(await told("now"), [true]);
  const named = new RegExp(`^differs from latest \\(${reference}\\)`, "m");
  assert.match(printExplanation(other, screen()), named);
  assert.match(printExplanation(other, screen(80)), /^differs from latest, commit [0-9a-f]{12}$/m);
});
