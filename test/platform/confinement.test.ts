/** What a runner must allow for a build by buildah, as the table in docs/runners.md has it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Dockerd, startDockerd } from "../support/dockerd.ts";
import { exampleProject, openReleased, type Platform } from "./coordinator/platform.ts";
import { run, traceOf } from "./coordinator/ran.ts";
import { helper } from "./coordinator/runner.ts";

const unconfined = 'security_opt = ["seccomp=unconfined"]';
const few = [
  ...["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"],
  ...["SETFCAP", "SYS_CHROOT", "MKNOD"],
];

interface Row {
  /** What the section `[runners.docker]` says. */
  readonly docker: readonly string[];
  readonly works: boolean;
  /** The row of the page's table. */
  readonly told: string;
}

const unfiltered = "| `unconfined` | Docker's default, also with `no-new-privileges` | work |";

/** By the tags of their runners. */
const rows: Readonly<Record<string, Row>> = {
  default: {
    docker: [],
    works: false,
    told: "| Docker's default | Docker's default | fail: `unshare`, operation not permitted |",
  },
  "sys-admin": {
    docker: ['cap_add = ["SYS_ADMIN"]'],
    works: true,
    told: "| Docker's default | and `SYS_ADMIN` | work |",
  },
  unconfined: { docker: [unconfined], works: true, told: unfiltered },
  "no-new-privileges": {
    docker: ['security_opt = ["seccomp=unconfined", "no-new-privileges"]'],
    works: true,
    told: unfiltered,
  },
  few: {
    docker: [unconfined, 'cap_drop = ["ALL"]', `cap_add = ${JSON.stringify(few)}`],
    works: true,
    told: `| \`unconfined\` | ${few.map((name) => `\`${name}\``).join(", ")}, and no other | work |`,
  },
  none: {
    docker: [unconfined, 'cap_drop = ["ALL"]'],
    works: false,
    told: "| `unconfined` | none | fail |",
  },
};

let platform: Platform;
let remapped: Dockerd;
before(async () => {
  remapped = await startDockerd([], { flags: ["--seccomp-profile="], isRemapped: true });
  const settings = Object.entries(rows).flatMap(([tag, { docker }]) => [
    [tag, { docker }],
    [`${tag}-remapped`, { docker, daemon: remapped }],
  ]);
  platform = await openReleased(Object.fromEntries(settings));
  const { gitlab, bases } = platform;
  const urls = [gitlab.url, `http://${gitlab.registry.host}`, `http://${bases.host}`];
  const ports = urls.map((url) => new URL(url).port);
  await remapped.lend(helper, ports);
});
after(async () => {
  await platform?.stop();
  await remapped?.stop();
});

for (const [tag, { works, told }] of Object.entries(rows)) {
  const does = works ? "works" : "fails, with what the runner must allow";
  test(`on a runner of the kind ${tag} a build ${does}, also where root is somebody else outside`, async () => {
    const page = await readFile(join(import.meta.dirname, "../../docs/runners.md"), "utf8");
    assert.ok(page.includes(`\n${told}\n`), told);
    await Promise.all([tag, `${tag}-remapped`].map((one) => tryBuild(one, works)));
  });
}

async function tryBuild(tag: string, works: boolean): Promise<void> {
  const members = { olga: "maintainer" } as const;
  const project = await exampleProject(platform, "single", `acme/${tag}`, { members });
  const component = "$CI_SERVER_FQDN/berth-ci/berth/images@0.1.0";
  const config = {
    include: [{ component, inputs: { tags: [tag] } }],
    "berth-images": { after_script: ["ls -d /var/lib/containers/storage/berth*/*-layers"] },
    ".berth-gate-promote": { rules: [{ when: "never" }] },
    test: { script: "true", tags: [tag] },
  };
  await project.commit("main", { ".gitlab-ci.yml": JSON.stringify(config) });
  const { pipeline } = await run(platform, project.project);
  const job = pipeline.jobs.find(({ made }) => made.name === "berth-images");
  const said = job === undefined ? "" : traceOf(job);
  assert.equal(job?.status, works ? "success" : "failed", `${tag}: ${said.slice(-3000)}`);
  // What is on the volume is that of overlay (docs/runners.md).
  assert.match(
    said,
    works ? /\/overlay-layers$/m : /set security_opt = \["seccomp:unconfined"/,
    tag,
  );
}
