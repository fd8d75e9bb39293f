/** Brings the images of a job and its services to a runner's host: those of the job's commit, and any other. */
import { BerthError } from "../errors.ts";
import type { JobHere } from "../executor/host.ts";
import {
  berthName,
  circleOf,
  gitLogin,
  loginsFor,
  platformOf,
  repositoryOf,
  sessionEnv,
  type WantedImage,
} from "../executor/job.ts";
import { makeAttach } from "../host/terminal.ts";
import { inTurn } from "../host/turn.ts";
import { parseReference, printReference, withDigest } from "../oci/reference.ts";
import { situationOf } from "../plan/situation.ts";
import { onPlatform, whereText } from "../run/choose.ts";
import { type Located, locateKeys } from "../run/locate.ts";
import { isHere, pullOnly } from "../run/pull.ts";
import type { World } from "../world.ts";
import { keyedHere } from "./local.ts";
import { openProject } from "./project.ts";
import { scopeOf } from "./pull.ts";
import { caller, type Login, login, type Session } from "./session.ts";

/** Gives of each image what it is to be run by: a digest, or the name of one that was built here. */
export async function bringImages(
  images: readonly WantedImage[],
  here: JobHere,
): Promise<readonly string[]> {
  const session = images.some(berthName) ? await openCommit(here) : undefined;
  const logins = session?.login ?? loginFor(here, { registries: {}, prefix: "CI" });
  const references: string[] = [];
  for (const image of images) {
    const name = berthName(image);
    const isOfCommit = name !== undefined && session !== undefined;
    const reference = isOfCommit
      ? await commitImage(name, image, here, session)
      : await anyImage(image, here, logins);
    references.push(reference);
  }
  return references;
}

function loginFor({ world, host, job }: JobHere, config: Parameters<typeof login>[1]): Login {
  const { env, run, files, log } = world;
  const ofHost = { env, uid: caller().uid, run, read: files.read, warn: log.warn };
  return login({ ...world, env: sessionEnv(env, job) }, config, loginsFor(ofHost, host.logins));
}

/** Opens the job's commit, whose files come from GitLab as they are read. */
async function openCommit(here: JobHere): Promise<Session> {
  const { world, host, job } = here;
  const openGit: World["openGit"] = (cwd) =>
    world.openGit(cwd, { env: gitLogin(job), partial: job.git_info.sha });
  const env = sessionEnv(world.env, job);
  const there = { ...world, env, cwd: await fetchCommit(here), openGit };
  const project = await openProject(there, { rev: job.git_info.sha });
  const network = host.network === "host" ? "host" : undefined;
  const inIt = { ...there, env: { ...env, [`${project.config.prefix}_BUILD_NETWORK`]: network } };
  const situation = situationOf(env, project.config, undefined);
  return { world: inIt, project, situation, login: loginFor(here, project.config) };
}

/** The folder of the project's repository on this host, which stays, with the job's commit and its trees in it. */
async function fetchCommit({ world: { run }, host, job }: JobHere): Promise<string> {
  const { sha, refspecs } = job.git_info;
  const { project_id: id, project_full_path: path } = job.job_info;
  const root = `${host.folder}/projects/${id}/${circleOf(job)}`;
  const ref = `refs/berth/${sha}`;
  const git = (...args: readonly string[]) =>
    run("git", ["-C", root, ...args], { env: gitLogin(job) });
  const isThere = async () =>
    (await git("rev-parse", "--quiet", "--verify", ref)).stdout.trim() === sha;
  if (await isThere()) return root;
  await inTurn(`${root}.lock`, async () => {
    if (await isThere()) return;
    await run("git", ["init", "--quiet", root]);
    await git("config", "remote.origin.url", repositoryOf(job).href);
    const [ofPipeline = ""] = refspecs.flatMap(
      (spec) => /^\+?(refs\/pipelines\/\d+):/.exec(spec)?.[1] ?? [],
    );
    const flags = ["--quiet", "--no-tags", "--depth=1", "--filter=blob:none"];
    const { stderr } = await git("fetch", ...flags, "origin", `+${ofPipeline || sha}:${ref}`);
    if (await isThere()) return forgetCommits(root, ref, run);
    const line = stderr.trim().split("\n").at(-1) || `${ofPipeline} is another commit`;
    throw new BerthError("GIT_FAILED", `fetch ${sha} of ${path}: ${line}`, {
      hint: "see that the runner's host reaches GitLab; the job is tried again",
    });
  });
  return root;
}

/** So many commits of a project keep their names, by which git says at each fetch what it has. */
const commitsKept = 200;

/** Forgets the names of others than this one, the oldest first; their objects stay for jobs that still read them. */
export async function forgetCommits(
  root: string,
  newest: string,
  run: World["run"],
  kept = commitsKept,
): Promise<void> {
  const list = ["for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/berth"];
  const { stdout } = await run("git", ["-C", root, ...list]);
  const old = stdout.trim().split("\n").slice(kept);
  const input = old.map((ref) => (ref === newest ? "" : `delete ${ref}\n`)).join("");
  if (input !== "") await run("git", ["-C", root, "update-ref", "--stdin"], { input });
}

async function commitImage(
  name: string,
  image: WantedImage,
  here: JobHere,
  session: Session,
): Promise<string> {
  const { world } = here;
  const { reference, source, key } = await locate(name, platformOf(image), here, session);
  const whose = { own: "the project's own", upstream: "upstream's", here: "built on this host" };
  world.log.info(`berth://${name} is ${reference}\n  ${whose[source]}, by its key ${key}`);
  await bring(reference, here, session.login);
  return reference;
}

/**
 * Pulls what is not here yet, with the job's logins alone; the registry has just said that this job may have it. An engine may
 * have the same index for another platform.
 */
async function bring(
  reference: string,
  { world, host }: JobHere,
  login: Login,
  platform?: string,
): Promise<void> {
  if (platform === undefined && (await isHere(reference, host.tool, world.run))) return;
  const flags = platform === undefined ? [] : [`--platform=${platform}`];
  await pullOnly(reference, host.tool, { world, login, attach: makeAttach() }, flags);
}

/** Where the rules of every berth run find it, else as this host has built it. */
async function locate(
  name: string,
  asked: string | undefined,
  here: JobHere,
  session: Session,
): Promise<Located> {
  const { whole, image, platform } = await keyedHere(name, asked, session);
  const search = await locateKeys([whole], scopeOf(session));
  const found = search.located.get(name);
  const [trouble] = search.troubles;
  if (found !== undefined) return onPlatform(found, platform, session);
  if (trouble !== undefined) throw trouble;
  const where = whereText(search);
  if (here.host.build)
    return (await import("./executor-build.ts")).built(image, where, here, session);
  throw new BerthError("IMAGE_ABSENT", `find ${name} of the job's commit: ${where}`, {
    hint: "let a job that this one needs build it (berth ensure), or let the runner's host do it (--build of berth executor)",
  });
}

/** The registry says each time whether this job may have it: an engine that has an image of a digest asks nobody. */
async function anyImage(image: WantedImage, here: JobHere, logins: Login): Promise<string> {
  const { name } = image;
  if (name.startsWith("localhost/berth-executor/"))
    throw new BerthError("REFERENCE_INVALID", `run ${name}: it is no job's but its project's`, {
      hint: "name an image of the job's commit as berth://NAME",
    });
  const wanted = parseReference(name);
  const found = await logins.registry.head(wanted);
  if (found === undefined)
    throw new BerthError("IMAGE_ABSENT", `run ${name}: its registry does not have it`, {
      hint: "see the job's `image` and `services`, and who may read that project's registry",
    });
  const reference = printReference(withDigest(wanted, found.digest));
  await bring(reference, here, logins, platformOf(image));
  here.world.log.info(`${name} is ${reference}`);
  return reference;
}
