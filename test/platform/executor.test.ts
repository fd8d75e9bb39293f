/** GitLab Runner with berth as its custom executor: jobs that say `image: berth://NAME`, and any other. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import { type Actor, forkOf, openRequest } from "../lives/actor.ts";
import { pushBusybox } from "../support/bases.ts";
import { berth, succeed } from "../support/command.ts";
import type { JobOptions } from "../support/gitlab-jobs.ts";
import { until } from "../support/processes.ts";
import { program } from "../support/programs.ts";
import { type Folder, freePort, temporaryFolder } from "../support/services.ts";
import { exampleProject, openPlatform, type Platform } from "./coordinator/platform.ts";
import { jobsOf, passed, type Ran, rested, run, traceOf } from "./coordinator/ran.ts";

const members = { olga: "maintainer" } as const;
let platform: Platform;
let folder: Folder;
before(async () => {
  folder = await temporaryFolder("berth-executor-");
  const flags = [`--folder=${folder.path}`, "--build"];
  platform = await openPlatform({
    berth: { berth: [...flags, "--host-network"] },
    apart: { berth: flags },
    found: { berth: [`--folder=${folder.path}`, "--host-network"] },
  });
  await pushBusybox(platform.bases.host, "library/debian", "13-slim");
});
after(async () => {
  await platform.stop();
  await folder.remove();
});

type Jobs = Readonly<Record<string, object>>;

const example = (path: string, settings = {}): Promise<Actor> =>
  exampleProject(platform, "executor", path, { members, ...settings });

/** Commits a pipeline of such jobs. */
async function commit(project: Actor, jobs: Jobs, files = {}, branch = "main"): Promise<void> {
  const config = { default: { tags: ["berth"] }, ...jobs };
  await project.commit(branch, { ".gitlab-ci.yml": JSON.stringify(config), ...files });
}

/** The same, and runs it. */
async function runs(project: Actor, jobs: Jobs, options: JobOptions = {}): Promise<Ran> {
  await commit(project, jobs, {}, options.branch);
  return run(platform, project.project, options);
}

/** What a job's log says. */
function told({ pipeline }: Ran, name: string): string {
  const job = jobsOf(pipeline).find(({ made }) => made.name === name);
  assert.ok(job);
  return traceOf(job);
}

function ends({ pipeline }: Ran): readonly unknown[] {
  return jobsOf(pipeline).map(({ attempts }) => attempts.at(-1)?.end?.reason);
}

/** How many of these jobs built something. */
function builds(ran: Ran): number {
  return Object.keys(ran.states).filter((name) => told(ran, name).includes("== build ")).length;
}

const plain = () => `${platform.bases.host}/library/debian:13-slim`;
const show = { image: "berth://debian", script: "cat /etc/ci-image" };

/** Publishes a project's images, as somebody may who is allowed to push; gives the image debian by digest. */
async function publish({ project }: Actor): Promise<string> {
  const { gitlab, ground, dockerd } = platform;
  const { host } = gitlab.registry;
  const token = gitlab.token("olga", "read_registry", "write_registry");
  const auth = Buffer.from(`olga:${token}`).toString("base64");
  const env = {
    ...ground.env,
    // With Debian's own docker before any other.
    PATH: `${dirname(program("docker"))}:${process.env["PATH"]}`,
    DOCKER_HOST: dockerd.host,
    DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth } } }),
    BERTH_BUILD_NETWORK: "host",
  };
  const args = ["ensure", "--json", "--engine=docker", `--registry=${host}/${project.path}`];
  const ended = await berth(args, { cwd: join(ground.folder, "work", project.path), env });
  assert.equal(ended.code, 0, ended.stderr);
  const { outcomes } = JSON.parse(ended.stdout) as { outcomes: readonly Outcome[] };
  return outcomes.find(({ name }) => name === "debian")?.reference ?? "";
}

test("an image that is nowhere is built once for all jobs that wait for it", async () => {
  const project = await example("acme/once");
  const ran = passed(await runs(project, { job: { ...show, parallel: 4 } }));
  assert.deepEqual(Object.values(ran.outputs), Array(4).fill("debian 1\n"));
  assert.equal(builds(ran), 1);
  const log = told(ran, "job 1/4");
  assert.match(log, /section_start:\d+:berth_image\[collapsed=true\]/);
  assert.match(log, /berth:\/\/debian is localhost\/\S+\/debian\/\S+:key2-/);
});

test("images that a registry has are run by digest, upstream's in its fork too, by hosts that build nothing", async () => {
  const project = await example("acme/found");
  const jobs = { job: { ...show, tags: ["found"] } };
  const missing = await runs(project, jobs);
  assert.deepEqual(ends(missing), ["script_failure"]);
  assert.match(
    told(missing, "job"),
    /find debian of the job's commit: it is not at .*IMAGE_ABSENT/s,
  );
  await publish(project);
  const fork = await forkOf(platform.ground, project, "fred");
  const variables = { BERTH_UPSTREAM: "acme" };
  for (const ran of [await runs(project, jobs), await runs(fork, { ...jobs, variables })]) {
    assert.equal(passed(ran).outputs["job"], "debian 1\n");
    assert.match(told(ran, "job"), /berth:\/\/debian is \S+\/acme\/found\/debian@sha256:/);
  }
});

test("a mistake in a Dockerfile or a name fails its jobs at once, and nobody tries again", async () => {
  const project = await example("acme/wrong");
  const dockerfile = `FROM ${plain()}\nRUN echo it breaks && exit 7\n`;
  await commit(project, {}, { "images/debian.docker": dockerfile });
  const misnamed = { ...show, image: "berth://debain" };
  const ran = await runs(project, { job: { ...show, parallel: 2 }, misnamed });
  assert.deepEqual(ends(ran), Array(3).fill("script_failure"));
  // Who waited for the other's build fails as that does; who came later has tried for itself.
  for (const name of ["job 1/2", "job 2/2"])
    assert.match(told(ran, name), /== build |another job has just built it: /);
  assert.match(told(ran, "misnamed"), /find debain: no such image; did you mean "debian"\?/);
});

test("files and caches go from job to job, in images without git, as the image's user, below its entrypoint", async () => {
  const project = await example("acme/files");
  const cache = { key: "one", paths: ["stored"] };
  const ran = passed(
    await runs(project, {
      first: {
        image: plain(),
        stage: "build",
        cache,
        script: ["! command -v git", "cat images/version > kept", "echo stored > stored"],
        artifacts: { paths: ["kept"] },
      },
      second: {
        image: "berth://tools",
        cache,
        script: ['echo "$(cat kept stored) $(id -u) $FROM_ENTRYPOINT"; echo new > written'],
      },
      coded: { image: plain(), script: "exit 9", allow_failure: { exit_codes: [9] } },
    }),
  );
  assert.equal(ran.outputs["second"], "tools 1\nstored 1000 exported\n");
});

test("a job reaches its services by their names, in a network of its own or on the host's", async () => {
  const project = await example("acme/served");
  const job = {
    image: plain(),
    variables: { GIT_STRATEGY: "none" },
    script: "wget -q -O- http://page && wget -q -O- http://web",
    services: [{ name: "berth://web", alias: "page" }],
  };
  const port = `${await freePort()}`;
  const command = ["httpd", "-f", "-p", port, "-h", "/www"];
  const local = { ...job, services: [{ ...job.services[0], command }] };
  const ran = passed(
    await runs(project, {
      apart: { ...job, tags: ["apart"] },
      here: { ...local, script: `wget -q -O- http://page:${port}` },
    }),
  );
  assert.deepEqual(ran.outputs, { apart: "tools 1\ntools 1\n", here: "tools 1\n" });
});

test("what a stranger's pipeline has built is not what the project's own branches run", async () => {
  const project = await example("acme/open", { forkPipelines: true });
  await commit(project, { job: { ...show, rules: [{ when: "always" }] } });
  const fork = await forkOf(platform.ground, project, "fay");
  const dockerfile = `FROM ${plain()}\nRUN echo "debian 2" > /etc/ci-image\n`;
  await fork.commit("topic", { "images/debian.docker": dockerfile });
  const request = await openRequest(platform.ground, fork, "topic", project);
  const tried = passed(await run(platform, project.project, { request, user: "olga" }));
  await project.commit("main", { "images/debian.docker": dockerfile });
  const own = passed(await run(platform, project.project));
  assert.deepEqual([tried.outputs["job"], own.outputs["job"]], ["debian 2\n", "debian 2\n"]);
  assert.deepEqual([builds(tried), builds(own)], [1, 1]);
  const named = /localhost\/berth-executor\/\S+/.exec(told(own, "job"))?.[0] ?? "";
  assert.match(told(tried, "job"), /localhost\/berth-executor\/\S+\/untrusted\/debian/);
  assert.match(named, /\/trusted\/debian\//);
  // Nor does a job of another project get it, whatever it calls it.
  const thief = await example("acme/thief");
  const stolen = await runs(thief, { job: { image: named, script: "cat /etc/ci-image" } });
  assert.deepEqual(ends(stolen), ["script_failure"]);
});

test("a private image is its own project's, also where it is on the host already", async () => {
  const owner = await example("acme/secret", { visibility: "private" });
  const image = await publish(owner);
  const ran = passed(await runs(owner, { job: { image, script: "cat /etc/ci-image" } }));
  assert.equal(ran.outputs["job"], "debian 1\n");
  const stranger = await example("acme/curious", { members: { mallory: "maintainer" } });
  const stolen = await runs(stranger, { job: { image, script: "true" } });
  assert.deepEqual(ends(stolen), ["script_failure"]);
  assert.match(told(stolen, "job"), /REGISTRY_DENIED/);
});

/** A server that jobs tell what they come to, also when nobody takes their logs any more. */
async function listener() {
  const heard: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    heard.push(url.slice(1));
    response.end();
  }).listen(0, "127.0.0.1");
  await until(() => server.listening);
  const { port } = server.address() as AddressInfo;
  const say = (word: string) => `wget -q -O- http://127.0.0.1:${port}/${word}`;
  return { heard, say, stop: () => server.close() };
}

const containers = async () =>
  (await platform.dockerd.docker("ps", "--all", "--format={{.Names}}")).split("\n").filter(Boolean);

test("a job that is cancelled gets TERM, then its after_script in its image, and goes with all that it has started", async () => {
  const { heard, say, stop } = await listener();
  const project = await example("acme/cancelled");
  const endless = `trap '${say("ended")}; exit 1' TERM; ${say("begun")}; while :; do echo on; sleep 1; done`;
  const after_script = 'echo "after in $(cat /etc/ci-image): $CI_JOB_STATUS"';
  const job = { ...show, interruptible: true, script: endless, after_script };
  await commit(project, { job });
  const older = await platform.start(project.project);
  await until(() => heard.includes("begun"));
  passed(await runs(project, { job: { image: plain(), script: "true" } }));
  await until(async () => heard.includes("ended") && (await containers()).length === 0);
  stop();
  const ran = await rested(platform, older);
  assert.deepEqual(ran.states, { job: "canceled" });
  assert.match(told(ran, "job"), /O[ +]after in debian 1: canceled\n/);
});

test("what a killed runner leaves behind is cleared up by the next job", async () => {
  const { heard, say, stop } = await listener();
  const project = await example("acme/killed");
  await commit(project, {
    job: { image: plain(), script: `${say("begun")}; while :; do sleep 1; done` },
  });
  await platform.start(project.project);
  await until(() => heard.includes("begun"));
  stop();
  await platform.runner.go("SIGKILL");
  await until(() => platform.asking() === 0);
  const left = await containers();
  assert.equal(left.length, 1);
  await platform.runner.start();
  const other = await example("acme/after");
  passed(await runs(other, { job: { image: plain(), script: "true" } }));
  await until(async () => (await containers()).length === 0);
});

test("many jobs leave nothing behind", async () => {
  const project = await example("acme/many");
  passed(await runs(project, { job: { ...show, parallel: 4 } }));
  assert.deepEqual(await containers(), []);
  const networks = await platform.dockerd.docker("network", "ls", "--format={{.Name}}");
  assert.deepEqual(networks.trim().split("\n").sort(), ["host", "none"]);
  const volumes = await platform.dockerd.docker("volume", "ls", "--quiet");
  const others = volumes
    .split("\n")
    .filter((name) => !/^(?:berth-cache-\d+-branches)?$/.test(name));
  assert.deepEqual(others, []);
  const logins = ["-rl", "gitlab-ci-token", folder.path];
  await assert.rejects(succeed(program("grep"), logins));
});
