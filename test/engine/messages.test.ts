import assert from "node:assert/strict";
import { test } from "node:test";
import { docker } from "../../src/build/docker.ts";
import { hiding } from "../../src/build/hide.ts";
import { realFiles } from "../../src/host/files.ts";
import { createRunner } from "../../src/host/run.ts";
import { program } from "../support/programs.ts";
import { tried } from "./flows.ts";
import { subjects } from "./subjects.ts";
import { clock, failure, openWorkshop } from "./workshop.ts";

/** Of this file some lines are not built, and fewer still have a number for the engine. */
const text = (base: string, last: string) => `# A comment.
ARG UNUSED=1
FROM ${base} AS dropped
RUN true

FROM ${base} AS tools
# Another one.
ENV A=b
RUN echo 1 > /x && \\
    true

FROM ${base}
COPY --from=tools /x /x

${last}
`;

const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
  run: [
    "RUN test -e /x && \\\n    exit 3",
    /^build run: run\.docker:15: RUN test -e \/x && exit 3: exit status 3$/,
  ],
  second: ["RUN true\nRUN exit 4", /^build second: second\.docker:16: RUN exit 4: exit status 4$/],
  copy: ["RUN true\nCOPY absent /", /^build copy: copy\.docker:16: COPY absent \/: .*absent/],
  flag: ["RUN --odd=1 true", /^build flag: flag\.docker:15: /],
  heredoc: [
    "RUN <<EOF\ntrue\nEOF\nRUN exit 5",
    /^build heredoc: heredoc\.docker:(?:18: RUN exit 5: exit status 5$|15: .*heredocs|16: unknown)/,
  ],
};

const word = 'Tr0ub4dor"&3';
const secret = "correct horse\nbattery staple";

/**
 * Every instruction that an engine may print with its variables expanded. What is said after the words is more than a
 * pipe holds, so that they are read: buildah ends with a command that fails, whatever of its output it has passed on.
 */
const expanded = (base: string) => `FROM ${base}
ARG WORD
ARG PLAIN=ordinary
LABEL word=$WORD
ENV COPY_OF=$WORD
WORKDIR /dir/$WORD
COPY $WORD /copied
RUN --mount=type=secret,id=token echo "$WORD" in $PLAIN $COPY_OF && cat /run/secrets/token && printf %0100000d 0; exit 7
`;

for (const [name, make] of Object.entries(subjects)) {
  const workshop = openWorkshop(make);

  test(`${name}'s words hold no arg's value and no secret, but what the Dockerfile says itself`, async () => {
    const lines: string[] = [];
    const dockerfile = expanded(workshop.base());
    const args = { WORD: word, PLAIN: "ordinary" };
    const error = await failure(
      workshop.build({
        repository: "acme/hidden",
        dockerfile,
        args,
        context: { [word]: "x" },
        secrets: { token: secret },
        hide: hiding([secret], args, [dockerfile]),
        onLine: (line) => lines.push(line),
      }),
      "BUILD_FAILED",
    );
    const said = [...lines, error.message, error.hint].join("\n");
    for (const hidden of [word, JSON.stringify(word).slice(1, -1), ...secret.split("\n")])
      assert.ok(!said.includes(hidden), said);
    assert.match(said, /\[MASKED\] in ordinary \[MASKED\]/);
    assert.match(error.message, /^build acme\/hidden: debian\.docker:8: RUN .*: exit status 7$/);
  });

  test(`${name}'s words lead to the line of the file`, async () => {
    const flow = await tried(workshop, {
      path: "acme/messages",
      dockerfiles: Object.fromEntries(
        Object.entries(cases).map(([image, [last]]) => [image, text(workshop.base(), last)]),
      ),
    });
    for (const [image, [, message]] of Object.entries(cases)) {
      const outcome = flow.outcomes.find((one) => one.name === image);
      const said = outcome?.error?.message ?? "built";
      assert.match(said, message);
      assert.doesNotMatch(said, /failed to (?:solve|compute)|STEP|parse error/);
    }
  });
}

test("a daemon that is nowhere is said by the real client", async () => {
  const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
  const parts = { ...createRunner(), files: realFiles(), clock, command: program("docker") };
  const error = await failure(docker({ ...parts, env, waitMs: 300 }).check(), "ENGINE_UNAVAILABLE");
  assert.match(error.message, /^reach the docker daemon at unix:\/\/\/nowhere\/docker\.sock: /);
  assert.match(error.hint ?? "", /DOCKER_HOST/);
});
