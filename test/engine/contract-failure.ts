/** How an engine fails, and what it leaves behind. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ErrorCode } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { createRunner } from "../../src/host/run.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { filesHolding, processesNaming, until } from "../support/processes.ts";
import { clock, failure, type Workshop } from "./workshop.ts";

export function failureContract(name: string, workshop: Workshop): void {
  test(`${name} tells a Dockerfile that cannot be built from a registry that is away`, async () => {
    const from = `FROM ${workshop.base()}`;
    const cases: readonly (readonly [string, ErrorCode, RegExp])[] = [
      [`${from}\nENV a=b\n\nCOPY a\n`, "BUILD_FAILED", /docker:4: .*COPY requires/],
      [`FROM ${workshop.host()}/bases/absent:1\nRUN true\n`, "BUILD_FAILED", /docker:.*absent/],
      ["FROM localhost:1/away:1\nRUN true\n", "REGISTRY_UNAVAILABLE", /away/],
    ];
    for (const [dockerfile, code, message] of cases) {
      const error = await failure(workshop.build({ repository: "contract/bad", dockerfile }), code);
      assert.match(error.message, message);
      if (code === "BUILD_FAILED")
        assert.doesNotMatch(error.message, /failed to (?:solve|compute)|STEP|parse error/);
    }
  });

  test(`${name} mounts nothing of this machine by a link`, async () => {
    const mount = "RUN --mount=type=bind,source=d,target=/y cat /y/passwd > /x";
    const error = await failure(
      workshop.build({
        repository: "contract/link",
        dockerfile: `FROM ${workshop.base()}\n${mount}\n`,
        context: { d: { link: "/etc" } },
        mounted: [{ path: "d", line: 2 }],
      }),
      "BUILD_FAILED",
    );
    assert.match(error.message, /docker:2: /);
    const inside = "FROM BASE AS s\nRUN ln -s /etc /d\nFROM BASE\n".replaceAll(
      "BASE",
      workshop.base(),
    );
    const repository = "contract/inside";
    const built = await workshop
      .build({ repository, dockerfile: `${inside}${mount.replace("source", "from=s,source")}\n` })
      .catch((refusal: Error) => refusal);
    if (built instanceof Error) assert.match(built.message, /docker:4: /);
    else {
      const tree = await workshop.tree(repository, built.digest);
      assert.deepEqual(tree.get("x"), tree.get("etc/passwd"));
    }
  });

  test(`${name} logs in with the given file, and leaves no login and no name behind`, async () => {
    const login = { user: "someone", password: `pass-${randomUUID()}` };
    const closed = await startDockerRegistry({ auth: login });
    try {
      const token = (password: string) =>
        Buffer.from(`${login.user}:${password}`).toString("base64");
      const wanted = (password: string) => ({
        repository: "contract/closed",
        dockerfile: `FROM ${workshop.base()}\nRUN echo closed\n`,
        destination: { host: closed.host, path: "contract/closed", tag: "t" },
        insecureHosts: [workshop.host(), closed.host],
        auth: JSON.stringify({ auths: { [closed.host]: { auth: token(password) } } }),
      });
      const error = await failure(workshop.build(wanted("wrong")), "REGISTRY_DENIED");
      assert.match(error.message, /^push 127\.0\.0\.1:\d+\/contract\/closed:t: /);
      assert.doesNotMatch(JSON.stringify([error.message, error.hint]), /wrong|d3Jvbmc/);
      await workshop.build(wanted(login.password));
      assert.deepEqual(
        await filesHolding(workshop.folder(), [login.password, token(login.password)]),
        [],
      );
    } finally {
      await closed.stop();
    }
  });

  test(`${name} leaves no process when it is ended in the middle of a build`, async () => {
    const runner = createRunner(5000);
    const own = join(workshop.folder(), "interrupted");
    await mkdir(own);
    const mine = await workshop.make({ run: runner.run, files: realFiles(), clock, folder: own });
    const seconds = `${100000 + Math.floor(Math.random() * 100000)}`;
    try {
      await mine.engine.check();
      const building = failure(
        workshop.build(
          {
            repository: "contract/interrupted",
            dockerfile: `FROM ${workshop.base()}\nRUN sleep ${seconds} & sleep ${seconds}\n`,
          },
          mine.engine,
        ),
        "INTERRUPTED",
      );
      await until(async () => (await processesNaming(`sleep\0${seconds}`)) > 0);
      await runner.endAll();
      await building;
      await until(async () => (await processesNaming(seconds)) === 0);
    } finally {
      await mine.stop();
    }
  });
}
