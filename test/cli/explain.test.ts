import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { withAnnotations } from "../../src/build/annotate.ts";
import type { Explanation } from "../../src/explain/explanation.ts";
import { ownTags } from "../../src/image/key.ts";
import { basicAuthority, client, goodLogin, pushImage, testImage } from "../registry/clients.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";
import { openRegistry, type Project, projectOf } from "./project.ts";

const app = "FROM ci/base\nCOPY script.sh /\nRUN apt-get install \\\n  gcc\n";

interface Explained extends Pick<Project, "write" | "run" | "commit"> {
  /** The newest last. */
  readonly commits: readonly string[];
  explain(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): ReturnType<Project["berth"]>;
  asked(args: readonly string[]): Promise<Explanation>;
}

/** Four commits: the first, one that adds ninja to `app`, one that changes `base`, one that changes nothing. */
function makeProject(t: TestContext): Explained {
  const { berth, asked, write, run, commit } = projectOf(t, {
    "app.docker": app,
    "base.docker": "FROM debian:13\n",
    "script.sh": "echo\n",
    "berth.yml": 'images: ["*.docker"]\nparents: ci/{name}\n',
  });
  const commits = [run("rev-parse", "HEAD")];
  for (const files of [
    { "app.docker": `${app.trimEnd()} \\\n  ninja\n` },
    { "base.docker": "FROM debian:13\nENV A=1\n" },
    { README: "read me\n" },
  ]) {
    write(files as Record<string, string>);
    commits.push(commit());
  }
  return {
    ...{ write, run, commit, commits },
    explain: (args, env) => berth(["explain", ...args], env),
    asked: (args) => asked<Explanation>(["explain", ...args]),
  };
}

/** What differs, in short. */
function kinds({ differences }: Pick<Explanation, "differences">): readonly string[] {
  return differences.map(({ kind }) => kind);
}

describe("berth explain without a registry", () => {
  test("compares with the commit before", async (t) => {
    const project = makeProject(t);
    const { stdout } = await project.explain(["app"]);
    assert.match(
      stdout,
      /^app {2}key [0-9a-f]{64} \(the working tree\)\nthe same as the commit before, /,
    );
    const [first = "", second = ""] = project.commits;
    const told = await project.explain(["app", "--rev", second, "--against", first]);
    const said = told.stdout.replaceAll(/[0-9a-f]{12,}/g, "ID");
    assert.equal(
      said,
      [
        "app  key ID (revision ID)",
        "differs from ID, commit ID",
        "  app.docker:3: ~ RUN apt-get install \\",
        "      -   gcc",
        "      +   gcc \\",
        "      +   ninja",
        "",
      ].join("\n"),
    );
  });

  test("compares what is not committed with the last commit", async (t) => {
    const project = makeProject(t);
    project.write({ "script.sh": "echo other\n" });
    const usual = await project.explain(["app"]);
    assert.match(usual.stdout, /differs from HEAD,.*\n.*~ script\.sh {2}COPY at app\.docker:2\n$/);
  });

  test("compares a branch with where it began", async (t) => {
    const project = makeProject(t);
    project.run("checkout", "-q", "-b", "feature", "HEAD~2");
    project.write({ "script.sh": "echo other\n" });
    project.commit();
    const told = await project.asked(["app"]);
    assert.equal(told.against?.label, "the merge base with main");
    assert.equal(told.against.revision, project.commits[1]);
    assert.deepEqual(kinds(told), ["file"]);
  });

  test("says that an image is new, or that there is nothing to compare with", async (t) => {
    const project = makeProject(t);
    project.write({ "more.docker": "FROM debian:13\n" });
    const { stdout } = await project.explain(["more"]);
    assert.match(stdout, /\n {2}\+ image more: there was none\n/);
    project.run("checkout", "-q", "--orphan", "empty");
    const { stdout: alone } = await project.explain(["app"]);
    assert.match(alone, /\nthere is nothing to compare the working tree with\n/);
  });

  test("says what it cannot read of another commit", async (t) => {
    const project = makeProject(t);
    project.write({ "app.docker": "FROM ci/base\nFOO\n" });
    const broken = project.commit();
    project.write({ "app.docker": app });
    project.commit();
    const told = await project.asked(["app", "--against", broken]);
    assert.deepEqual([told.same, told.differences], [null, []]);
    assert.match(told.notes[0] ?? "", /cannot be read: .*app\.docker:2:1: unknown instruction FOO/);
  });

  test("paints only where it is wanted", async (t) => {
    const project = makeProject(t);
    const paint = "\u001b[";
    const args = ["app", "--against", "HEAD~3"];
    const plain = await project.explain(args);
    const painted = await project.explain(args, { FORCE_COLOR: "1" });
    assert.deepEqual([plain.stdout.includes(paint), painted.stdout.includes(paint)], [false, true]);
  });

  const mistakes: readonly [what: string, args: readonly string[], code: number, says: RegExp][] = [
    ["an unknown image", ["nope"], 64, /find nope: no such image/],
    ["an unknown revision", ["app", "--against", "nope"], 64, /no registry was asked \[USAGE\]/],
    [
      "no upstream",
      ["app", "--against", "upstream"],
      64,
      /no upstream is known \[USAGE\]\n.*BERTH_UPSTREAM/,
    ],
  ];
  test("refuses what it cannot answer", async (t) => {
    const project = makeProject(t);
    for (const [what, args, code, says] of mistakes) {
      const ended = await project.explain(args);
      assert.equal(ended.code, code, what);
      assert.match(ended.stderr, says, what);
    }
  });
});

const registry = await openRegistry();

describe("berth explain with a registry", () => {
  let bases = 0;
  /** Puts an image of `app` as a build of a commit does; gives what `--registry` takes. */
  async function withImage(
    project: Explained,
    commit: string,
    tags: (key: string) => readonly string[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    bases += 1;
    const base = `group/project${bases}`;
    const { key } = await project.asked(["app", "--rev", commit, "--offline"]);
    const image = testImage(base);
    const own = { "org.opencontainers.image.revision": commit, "berth.key": ownTags.key(key) };
    const manifest = withAnnotations(image.manifest, { ...own, ...annotations });
    assert.ok(manifest !== undefined);
    const repository = { host: registry.host, path: `${base}/app` };
    for (const tag of tags(key))
      await pushImage(client(undefined), repository, { ...image, manifest }, tag);
    return `${registry.host}/${base}`;
  }

  test("compares with the promoted image", async (t) => {
    const project = makeProject(t);
    const [first = ""] = project.commits;
    const base = await withImage(project, first, (key) => ["latest", ownTags.key(key)]);
    const told = await project.asked(["app", "--registry", base]);
    assert.equal(told.against?.label, "latest");
    assert.deepEqual(kinds(told), ["lines", "parent"]);
    const { stdout } = await project.explain(["app", "--against", "HEAD~1", "--registry", base]);
    assert.match(stdout, /^the same as HEAD~1, commit [0-9a-f]{12}$/m);
  });

  test("names the image where nothing differs, whichever way it was named", async (t) => {
    const project = makeProject(t);
    const commit = project.commits.at(-1) ?? "";
    const base = await withImage(project, commit, (key) => ["latest", "v1", ownTags.key(key)]);
    for (const against of ["latest", "v1", `${base}/app:latest`, undefined]) {
      const args = against === undefined ? [] : ["--against", against];
      const { stdout } = await project.explain(["app", "--registry", base, ...args]);
      assert.match(stdout, /\nthe same as .*\(127.*\/app@sha256:[0-9a-f]{64}\), commit/);
    }
    const env = { BERTH_UPSTREAM: base, BERTH_INPUT_CONFIG: "" };
    const labels = { latest: "latest", upstream: "upstream's latest" };
    for (const [against, label] of Object.entries(labels)) {
      const { stdout } = await project.explain(["app", "--against", against], env);
      assert.match(stdout, new RegExp(`\nthe same as ${label} \\(`));
    }
    // A person's own registry is often upstream's, which is then no other place.
    project.write({
      "berth.yml": `images: ["*.docker"]\nparents: ci/{name}\nupstream: ${base.split("/").slice(1).join("/")}\n`,
    });
    const own = await project.explain(["app", "--registry", base, "--against", "upstream"]);
    assert.match(own.stdout, /\nthe same as upstream's latest \(/);
  });

  test("says which commit to fetch where the clone does not have it", async (t) => {
    const project = makeProject(t);
    const gone = "1".repeat(40);
    const base = await withImage(project, project.commits[0] ?? "", () => ["latest"], {
      "org.opencontainers.image.revision": gone,
    });
    const told = await project.asked(["app", "--registry", base]);
    assert.deepEqual([told.same, told.differences], [false, []]);
    assert.match(told.notes[0] ?? "", new RegExp(`does not have: git fetch origin ${gone}$`));
  });

  test("does not give git what an image only calls a commit", async (t) => {
    const project = makeProject(t);
    const base = await withImage(project, project.commits[0] ?? "", () => ["latest"], {
      "org.opencontainers.image.revision": "--output=x\u001b[31m",
    });
    const { stdout } = await project.explain(["app", "--registry", base, "--against", "latest"]);
    assert.match(stdout, /note: latest was built from "--output=x\\u001b\[31m", which this clone/);
    assert.ok(!stdout.includes("\u001b"));
  });

  test("goes by the history where the registry refuses, and asks none where that is not wanted", async (t) => {
    const project = makeProject(t);
    const closed = await startMemoryRegistry({ authority: basicAuthority(goodLogin) });
    t.after(() => closed.stop());
    const args = ["app", "--registry", `${closed.host}/group/project`];
    const refused = await project.explain(args);
    assert.equal(refused.code, 0, refused.stderr);
    assert.match(refused.stderr, /^warning: .*\[REGISTRY_DENIED\]; it is left out$/m);
    assert.match(refused.stdout, /the same as the commit before/);
    const requests = closed.log.length;
    assert.equal((await project.explain([...args, "--offline"])).stderr, "");
    assert.equal(closed.log.length, requests);
  });
});
