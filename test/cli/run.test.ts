/** `berth run` and `berth pull` against the real docker client, dockerd and docker-registry. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseReference, parseRepository } from "../../src/oci/reference.ts";
import { client } from "../registry/clients.ts";
import { busyboxLayer } from "../support/bases.ts";
import { type Ended, ended, entry, plainEnv, succeed } from "../support/command.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { type Dockerd, startDockerd } from "../support/dockerd.ts";
import { type Layer, pushImage } from "../support/images.ts";
import { until } from "../support/processes.ts";
import { program } from "../support/programs.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

describe("berth run", () => {
  let folder: Folder;
  let registry: DockerRegistry;
  let daemon: Dockerd;
  let layer: Layer;
  let project: string;
  let image: string;
  /** Who berth runs as: another user than root where that one may read this checkout. */
  let who: { readonly uid: number; readonly gid: number };
  const stops: (() => Promise<unknown>)[] = [];

  before(async () => {
    folder = await temporaryFolder("berth-run-");
    stops.push(() => folder.remove());
    registry = await startDockerRegistry();
    stops.push(registry.stop);
    daemon = await startDockerd();
    stops.push(daemon.stop);
    layer = await busyboxLayer();
    await pushImage(registry.host, "bases/busybox", "1", layer);
    who = ordinary();
    // The daemon's folder is private, and its socket root's.
    const socket = daemon.host.replace("unix://", "");
    await chmod(dirname(socket), 0o711);
    await chmod(socket, 0o666);
    project = await makeProject();
    const digest = await pushImage(registry.host, "acme/tools/app", await keyTag(), layer);
    image = `${registry.host}/acme/tools/app@${digest}`;
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });
  beforeEach(async () => {
    assert.equal(await containers(), "");
  });

  function ordinary() {
    const other = { uid: 12345, gid: 54321 };
    try {
      execFileSync(process.execPath, [entry, "--version"], { ...other, stdio: "ignore", cwd: "/" });
      return other;
    } catch {
      return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    }
  }

  async function makeProject(): Promise<string> {
    const path = join(folder.path, "a project, with a comma");
    await mkdir(join(path, "inside"), { recursive: true });
    await writeFile(join(path, "app.docker"), "FROM scratch\nRUN make\n");
    const base = `${registry.host}/bases/busybox:1`;
    await writeFile(join(path, "base.docker"), `FROM ${base}\nRUN touch /base\n`);
    await writeFile(join(path, "child.docker"), "FROM ci/base\nRUN touch /child\n");
    await writeFile(join(path, "berth.yml"), 'images: "*.docker"\nparents: ci/{name}\n');
    await writeFile(join(path, "inside/file"), "of the work tree\n");
    execFileSync("git", ["init", "--quiet"], { cwd: path, env: env() });
    await chmod(folder.path, 0o777);
    for (const name of [".", ...(await readdir(path, { recursive: true }))])
      await chown(join(path, name), who.uid, who.gid);
    return path;
  }

  /** With the docker that the other tests use before any other. */
  const env = (more: Record<string, string> = {}) => {
    const PATH = `${dirname(program("docker"))}:${process.env["PATH"]}`;
    return plainEnv({ PATH, HOME: folder.path, GIT_CONFIG_SYSTEM: "/dev/null", ...more });
  };

  function start(
    args: readonly string[],
    base = `${registry.host}/acme/tools`,
    more: Record<string, string> = {},
  ) {
    const all = [entry, ...(base === "" ? [] : ["--registry", base]), ...args];
    const DOCKER_HOST = daemon.host;
    return spawn(process.execPath, all, {
      cwd: join(project, "inside"),
      env: env({ DOCKER_HOST, ...more }),
      ...who,
    });
  }

  function berth(
    args: readonly string[],
    input = "",
    base?: string,
    more: Record<string, string> = {},
  ): Promise<Ended> {
    const child = start(args, base, more);
    child.stdin.end(input);
    return ended(child);
  }

  const run = (command: readonly string[], flags: readonly string[] = [], input = "") =>
    berth(["run", "app", "--network=none", ...flags, "--", ...command], input);

  /** The tag of the work tree's key. */
  async function keyTag(): Promise<string> {
    const where = { cwd: project, env: env(), ...who };
    const text = execFileSync(process.execPath, [entry, "key", "--json"], where).toString();
    const { images } = JSON.parse(text) as { readonly images: readonly { key: string }[] };
    return ownTags.key(images[0]?.key ?? "");
  }

  const containers = () => daemon.docker("ps", "--all", "--quiet");

  test("runs a command in the exact image, in the work tree, as the caller", async () => {
    const { code, stdout, stderr } = await run([
      "sh",
      "-c",
      "id -u; id -g; pwd; cat file; echo written >new; echo here >$HOME/x && echo $HOME",
    ]);
    const at = join(project, "inside");
    assert.equal(stdout, `${who.uid}\n${who.gid}\n${at}\nof the work tree\n/home/berth\n`, stderr);
    assert.equal(code, 0);
    const { uid, gid } = await stat(join(at, "new"));
    assert.deepEqual({ uid, gid }, who);
    await rm(join(at, "new"));
    assert.ok(stderr.startsWith(`app is ${image}\n`), stderr);
    const inspected = await daemon.docker("image", "inspect", "--format={{.RepoDigests}}", image);
    assert.match(inspected, /app@sha256/);
  });

  const ends: readonly (readonly [
    command: readonly string[],
    flags: readonly string[],
    input: string,
    ends: readonly [code: number, stdout: string | RegExp, says: RegExp],
  ])[] = [
    [["sh", "-c", "echo out; echo err >&2"], [], "", [0, "out\n", /\nerr\n$/]],
    [["sh", "-c", "exit 3"], [], "", [3, "", /^app is \S+\n$/]],
    [["sh", "-c", "exit 127"], [], "", [127, "", /^app is \S+\n$/]],
    [["no-such-command"], [], "", [127, "", /no-such-command/]],
    [["true"], ["--volume=/a:/b:nonsense"], "", [125, "", /invalid mode: nonsense/]],
    [["cat"], [], "to you\n", [0, "to you\n", /^app/]],
    [[], ["--env=A=b"], "echo $A\nexit 4\n", [4, "b\n", /^app/]],
    [["id", "-u"], ["--user=image"], "", [0, "0\n", /^app/]],
    [["grep", "NoNewPrivs", "/proc/self/status"], [], "", [0, /^NoNewPrivs:\s+1\n$/, /^app/]],
  ];
  test("ends as the command does, which has what it reads and no more rights than its caller", async () => {
    const results = await Promise.all(ends.map((one) => run(one[0], one[1], one[2])));
    for (const [index, [command, , , [code, stdout, says]]] of ends.entries()) {
      const end = results[index];
      assert.match(end?.stderr ?? "", says);
      assert.equal(end?.code, code, command.join(" "));
      if (typeof stdout === "string") assert.equal(end?.stdout, stdout);
      else assert.match(end?.stdout ?? "", stdout);
    }
  });

  test("keeps what this machine's git acts on, unless it is told otherwise", async () => {
    const config = join(project, ".git/config");
    const before = await readFile(config, "utf8");
    const attempts = [
      "printf '[core]\\n\\tfsmonitor = touch /planted; false\\n' >>../.git/config",
      "mv ../.git ../gone",
      "rm ../.git/HEAD",
      "echo x >../.git/hooks/y",
    ];
    const script = attempts.map((attempt) => `( ${attempt} ) 2>/dev/null && echo done`).join("\n");
    for (const flags of [[], ["--user=image"]]) {
      const { stdout, stderr } = await run(["sh", "-c", `${script}\necho tried`], flags);
      assert.equal(stdout, "tried\n", stderr);
    }
    assert.equal(await readFile(config, "utf8"), before);
    const told = await run(["sh", "-c", "echo '#' >>../.git/config"], ["--writable-git"]);
    assert.equal(told.code, 0, told.stderr);
    assert.equal(await readFile(config, "utf8"), `${before}#\n`);
  });

  test("is interactive on a terminal", async () => {
    const words = [process.execPath, entry, "--registry", `${registry.host}/acme/tools`];
    const line = `${words.join(" ")} run app --network=none -- sh -c 'tty; exit 5'`;
    const args = ["--quiet", "--return", "--flush", "--command", line, "/dev/null"];
    const more = env({ DOCKER_HOST: daemon.host, SHELL: "/bin/sh" });
    const child = spawn(program("script"), args, { cwd: project, env: more, ...who });
    const { code, stdout } = await ended(child);
    assert.match(stdout, /\/dev\/pts\/\d+\r\n/);
    assert.equal(code, 5);
  });

  /** Starts a command that says when it runs, and gives it signals. */
  async function signalled(
    script: string,
    signals: readonly NodeJS.Signals[],
    flags: readonly string[] = ["app"],
    more: Record<string, string> = {},
  ): Promise<Ended> {
    const words = ["run", ...flags, "--network=none", "--", "sh", "-c", script];
    const child = start(words, undefined, more);
    const result = ended(child);
    await Promise.race([once(child.stdout, "data"), result]);
    for (const signal of signals) {
      child.kill(signal);
      // Two that come before the first is heeded would be one.
      await Promise.race([once(child.stdout, "data"), result]);
    }
    return result;
  }

  const wait = "while :; do sleep 0.1; done";
  test("hands signals on, and the command says how it ends", async () => {
    const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
    const trapping = (name: string) => `trap 'echo got; exit 9' ${name}; echo up; ${wait}`;
    const results = await Promise.all(
      signals.map((signal) => signalled(trapping(signal.slice(3)), [signal])),
    );
    for (const { code, stdout } of results) assert.deepEqual([stdout, code], ["up\ngot\n", 9]);
  });

  test("ends a command that does nothing about SIGTERM, and one that ignores it at the second", async () => {
    assert.equal((await signalled("echo up; exec sleep 60", ["SIGTERM"])).code, 143);
    assert.equal(await containers(), "");
    const deaf = await signalled(`trap 'echo heard' TERM; echo up; ${wait}`, [
      "SIGTERM",
      "SIGTERM",
    ]);
    assert.equal(deaf.code, 137);
  });

  test("leaves no container behind where SIGKILL ends berth itself", async () => {
    await signalled("echo up; exec sleep 10", ["SIGKILL"]);
    await until(async () => (await containers()) === "");
  });

  test("prints a command line that does the same", async () => {
    const { code, stdout } = await run(["echo", "a  b"], ["--print"]);
    assert.equal(code, 0);
    assert.match(stdout, /^docker run --rm --interactive .*sha256:[0-9a-f]{64} echo 'a {2}b'\n$/);
    const more = env({ DOCKER_HOST: daemon.host });
    assert.equal(await succeed("/bin/sh", ["-c", stdout], { env: more }), "a  b\n");
  });

  test("runs another image by its tag, and never builds by itself", async () => {
    const digest = await pushImage(registry.host, "acme/tools/app", "latest", layer, {
      Env: ["PATH=/bin", "OLD=1"],
    });
    const tagged = await run(["sh", "-c", "echo $OLD"], ["--tag=latest"]);
    assert.equal(tagged.stdout, "1\n");
    assert.ok(tagged.stderr.startsWith(`app is ${registry.host}/acme/tools/app@${digest}\n`));
    const elsewhere = await berth(["run", "app", "--", "true"], "", `${registry.host}/acme/other`);
    assert.equal(elsewhere.code, 1);
    assert.match(
      elsewhere.stderr,
      /\/acme\/other\/app:key\d+-[0-9a-f]{64} \[IMAGE_ABSENT\]\n {2}hint: /,
    );
  });

  test("builds what is nowhere where that is wanted, with its parents, and runs it", async () => {
    const refused = await berth(["run", "child", "--build", "--", "true"]);
    assert.match(refused.stderr, /child\.docker.* \[TREE_DIRTY\]/);
    assert.equal(refused.code, 64);
    const script = `trap 'ls /base /child; exit 9' TERM; echo up; ${wait}`;
    const flags = ["child", "--build", "--allow-dirty"];
    const more = { BERTH_ENGINE: "docker", BERTH_BUILD_NETWORK: "host" };
    const { code, stdout, stderr } = await signalled(script, ["SIGTERM"], flags, more);
    assert.equal(stdout, "up\n/base\n/child\n", stderr);
    assert.equal(code, 9);
    const again = await berth(["run", "child", "--network=none", "--", "ls", "/child"]);
    assert.equal(again.stdout, "/child\n");
  });

  test("tries an edit without a registry, a commit or a right to push", async () => {
    const flags = ["run", "--local", "child", "--network=none", "--", "sh", "-c"];
    const network = { BERTH_BUILD_NETWORK: "host" };
    const local = (script: string, base = "") => berth([...flags, script], "", base, network);
    const first = await local("ls /base /child", "127.0.0.1:9/nobody/tools");
    assert.match(first.stderr, /what is nowhere on this machine is built: .*127\.0\.0\.1:9/);
    assert.equal(first.stdout, "/base\n/child\n", first.stderr);
    assert.match(first.stderr, /^child is localhost\/berth\/\S+\/child:key\d+-\w+, built here$/m);
    assert.equal((await local("exit 3")).code, 3);
    await writeFile(join(project, "child.docker"), "FROM ci/base\nRUN touch /child /edited\n");
    const edited = await local("ls /base /edited");
    assert.equal(edited.stdout, "/base\n/edited\n", edited.stderr);
    assert.doesNotMatch(edited.stderr, /build base/);
    const again = await local("true");
    assert.doesNotMatch(again.stderr, /== build/);
    const names = await daemon.docker("image", "ls", "--format={{.Repository}}");
    const ours = names.split("\n").filter((name) => name.startsWith("localhost/berth/"));
    assert.deepEqual(ours.map((name) => name.split("/").at(-1)).sort(), ["base", "child"]);
    await writeFile(join(project, "child.docker"), "FROM ci/base\nRUN false\n");
    const failed = await local("true");
    assert.match(failed.stderr, /build child: child\.docker:2: RUN false: .*\[BUILD_FAILED\]/);
    assert.equal(failed.code, 1);
    await writeFile(join(project, "child.docker"), "FROM ci/base\nRUN touch /child\n");
  });

  test("pulls with the login that berth knows, and leaves it nowhere", async () => {
    const login = { user: "olga", password: "v3ry-s3cret" };
    const closed = await startDockerRegistry({ auth: login });
    stops.push(closed.stop);
    const base = `${closed.host}/acme/closed`;
    const hand = client({ username: login.user, password: login.password });
    const to = parseRepository(`${base}/app`);
    await hand.copy(parseReference(image), to, [await keyTag()]);
    const auth = Buffer.from(`${login.user}:${login.password}`).toString("base64");
    const DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [closed.host]: { auth } } });
    const without = await berth(["pull", "app"], "", base);
    assert.match(without.stderr, /\[REGISTRY_DENIED\]/);
    const vars = { DOCKER_AUTH_CONFIG, TMPDIR: folder.path };
    const child = start(["pull", "app", "--json"], base, vars);
    const { code, stdout, stderr } = await ended(child);
    assert.equal(code, 0, stderr);
    const { images } = JSON.parse(stdout) as { images: { reference: string; pulled: boolean }[] };
    assert.deepEqual(
      images.map(({ reference, pulled }) => [reference, pulled]),
      [[`${base}/app@${image.split("@")[1]}`, true]],
    );
    assert.deepEqual(
      (await readdir(folder.path)).filter((name) => name.startsWith("berth-")),
      [],
    );
    assert.equal((stdout + stderr).includes(auth), false);
  });
});
