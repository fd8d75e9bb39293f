/** Images, args, files, variables and branches may have the names of members that every JavaScript object has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeRepository } from "../context/repository.ts";
import { machineBuildah, type TestEngine } from "../example/engines.ts";
import { berth, plainEnv } from "../support/command.ts";
import { gitHistory } from "../support/gitlab-history.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

const files = (text: string) => ({
  "berth.yml": `images:
  constructor:
    dockerfile: toString/constructor
    context: .
    args: { constructor: ${text}, valueOf: "1" }
    secrets: { constructor: { env: toString } }
  child: { dockerfile: child.docker, args: { hasOwnProperty: b } }
parents: ci/{name}
publish: [{ branch: "*", tag: "{slug}" }]
`,
  "toString/constructor": `ARG valueOf
FROM scratch AS constructor
ARG constructor
ARG toString=\${constructor}
COPY __proto__ /__proto__
LABEL constructor=\${toString} hasOwnProperty=1
FROM constructor AS tostring
ENV isPrototypeOf=\${valueOf}
`,
  "child.docker": "FROM ci/constructor\nARG hasOwnProperty\nLABEL __proto__=$hasOwnProperty\n",
  ["__proto__"]: "a file\n",
});

let folder: Folder;
let gitlab: TestGitLab;
let engine: TestEngine;
before(async () => {
  folder = await temporaryFolder("berth-names-");
  gitlab = await startGitLab({ registry: "distribution" });
  engine = await machineBuildah(join(folder.path, "engine"));
});
after(async () => {
  await engine?.stop();
  await gitlab?.stop();
  await folder?.remove();
});

interface Planned {
  readonly images: readonly {
    readonly name: string;
    readonly decision: { readonly kind: string };
  }[];
}

test("such a project is keyed, planned, built, explained and pruned as any other", async (t) => {
  const repository = makeRepository(t, files("one"), ["-b", "constructor"]);
  repository.commit();
  for (const branch of ["main", "toString"]) repository.run("branch", branch);
  const project = gitlab.project("acme/tools", {
    members: { olga: "maintainer" },
    history: gitHistory(repository.path),
  });
  repository.run("remote", "add", "origin", repository.path);
  const { env } = gitlab.job(project, { branch: "constructor", user: "olga" });
  const where = {
    cwd: repository.path,
    env: plainEnv({ ...engine.env, ...env, HOME: folder.path, toString: "secret" }),
  };
  const asked = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await berth([...args, "--json"], where);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const decisions = async () =>
    ((await asked("plan")) as Planned).images.map(({ name, decision }) => [name, decision.kind]);
  const built = (kind: string) => [
    ["child", kind],
    ["constructor", kind],
  ];

  assert.deepEqual((await decisions()).sort(), built("build"));
  await asked("ensure", "--engine", "buildah");
  assert.deepEqual((await decisions()).sort(), built("reuse"));
  await asked("promote");
  const tags = () => [...(gitlab.registry.tags.get("acme/tools/constructor")?.keys() ?? [])];
  assert.ok(tags().includes("constructor"), tags().join(" "));

  repository.write(files("two"));
  repository.commit();
  const { differences } = await asked("explain", "constructor", "--against", "toString");
  assert.deepEqual(differences, [{ kind: "arg", name: "constructor", old: "one", new: "two" }]);

  const before = tags();
  const { tags: judged, doubts } = await asked("prune");
  assert.deepEqual(doubts, []);
  const doomed = (judged as readonly Record<string, string>[]).filter(
    ({ action }) => action === "delete",
  );
  assert.deepEqual(doomed, []);
  await asked("prune", "--apply");
  assert.deepEqual(tags(), before);
});
