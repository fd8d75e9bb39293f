/** What the commands that talk to a registry share: the situation, the client, and the project or its plan. */
import { isFatal, type Outcome } from "../build/outcome.ts";
import type { Config } from "../config/config.ts";
import { BerthError, type ExitCode, errorCodes, exitCodes } from "../errors.ts";
import type { TokenHint } from "../http/origin.ts";
import type { Spool } from "../image/contexts.ts";
import { isLoopbackHost } from "../oci/reference.ts";
import { asUntrusted, type Situation, situationOf } from "../plan/situation.ts";
import { few } from "../printable.ts";
import { openRegistry } from "../registry/client.ts";
import { type Credentials, resolveCredentials } from "../registry/credentials.ts";
import type { TemporaryFolder, World } from "../world.ts";
import { outputFolder, readPlan } from "./folder.ts";
import { openProject, type Project, type ProjectOptions } from "./project.ts";
import type { BuildOptions, GlobalOptions } from "./verb.ts";

export interface Session {
  readonly world: World;
  readonly project: Project;
  readonly situation: Situation;
  readonly login: Login;
}

export async function openSession(
  world: World,
  options: ProjectOptions & GlobalOptions,
): Promise<Session> {
  const project = await openProject(world, options);
  const situation = situationOf(world.env, project.config, options.registry);
  return { world, project, situation, login: login(world, project.config) };
}

/** What publishing needs: all of it comes from the plan and the environment, none from a checkout. */
export type PlannedSession = Awaited<ReturnType<typeof openPlanned>>;

/** Opens a session on a plan; works without a git repository, as in jobs with GIT_STRATEGY none. */
export async function openPlanned(world: World, options: BuildOptions) {
  const git = await world.openGit(world.cwd).catch(() => undefined);
  const folder = await outputFolder(world, git, options);
  const plan = await readPlan(folder);
  const situation = asUntrusted(
    situationOf(world.env, plan.config, options.registry),
    plan.untrusted,
  );
  return { folder, plan, situation, login: login(world, plan.config) };
}

/** Whose files these are, and the logins. */
export function caller() {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

export type Login = ReturnType<typeof login>;

/** Opens the client; nothing is read or asked before the first request. */
export function login(
  world: World,
  config: Pick<Config, "registries" | "prefix">,
  resolve: typeof resolveCredentials = resolveCredentials,
) {
  const { env, files, run, log } = world;
  /** Hosts that speak plain http or whose certificates nobody checks. */
  const insecureHosts = Object.keys(config.registries).filter(
    (host) => config.registries[host]?.insecure,
  );
  const variable = `${config.prefix}_INSECURE`;
  const meant = env[variable]?.split(/[\s,]+/) ?? [];
  const exposed = insecureHosts.filter((host) => !isLoopbackHost(host) && !meant.includes(host));
  let found: Promise<Credentials> | undefined;
  /** Read when the first request or engine needs them. */
  const credentials = (): Promise<Credentials> => {
    const { uid } = caller();
    const sources = { env, uid, run, warn: log.warn, read: (path: string) => files.read(path) };
    found ??= resolve(sources).then((all) => guarded(all, exposed, variable));
    return found;
  };
  const registry = openRegistry({
    fetch: world.fetch,
    clock: world.clock,
    random: world.random,
    log: log.info,
    credentials: { forHost: async (host) => (await credentials()).forHost(host) },
    plainHosts: insecureHosts,
    tokenHints: gitlabHint(env),
  });
  return { registry, credentials, insecureHosts };
}

/**
 * Logins, less those that would go in plain text because berth.yml says so: any branch may say it.
 *
 * REGISTRY_DENIED names the variable by which the user says so too.
 */
function guarded(all: Credentials, exposed: readonly string[], variable: string): Credentials {
  const forHost = async (host: string) => {
    const found = await all.forHost(host);
    if (found === undefined || !exposed.includes(host)) return found;
    const what = `log in to ${host}: berth.yml says \`insecure\`, so others could read the login on its way`;
    throw new BerthError("REGISTRY_DENIED", what, {
      hint: `take \`insecure\` out, or say that you mean it by ${variable}=${host}`,
    });
  };
  const authFileFor = async (hosts: readonly string[]) => {
    await Promise.all(hosts.map(forHost));
    return all.authFileFor(hosts);
  };
  return { forHost, authFileFor };
}

/**
 * GitLab's token service is known beforehand, which saves the request that would only name it.
 *
 * Variables say where it is, so nobody's login goes there but the one that variables give for the same host.
 */
function gitlabHint(env: World["env"]): readonly TokenHint[] {
  const { CI_REGISTRY: host, CI_SERVER_URL: server } = env;
  const hasOwnLogin = env["CI_REGISTRY_USER"] && env["CI_REGISTRY_PASSWORD"];
  if (!host || !server || !hasOwnLogin) return [];
  return [{ host, realm: `${server}/jwt/auth`, service: "container_registry" }];
}

/** Does work that may build; hashed contexts wait for their build in a private folder, which then goes. */
export async function withSpool<T>(
  { files }: World,
  work: (spool: Spool) => Promise<T>,
): Promise<T> {
  let folder: TemporaryFolder | undefined;
  const spool: Spool = async (name) => {
    folder ??= await files.temporary("berth-contexts-");
    const path = `${folder.path}/${name}.tar`;
    return { path, sink: files.writer(path) };
  };
  try {
    return await work(spool);
  } finally {
    await folder?.remove();
  }
}

/** Refuses to go on with files that no commit describes, unless that was asked for. */
export function refuseDirty(
  doing: string,
  dirty: readonly string[],
  { allowDirty }: { readonly allowDirty?: boolean },
): void {
  if (dirty.length === 0 || allowDirty === true) return;
  const what = `${doing}: files that images are made from differ from the commit: ${few(dirty, 5)}`;
  const hint = "commit them, or give --allow-dirty to publish images that no commit describes";
  throw new BerthError("TREE_DIRTY", what, { hint });
}

/** What the engines said last of all that failed, in lines: the reasons are to be seen together. */
const mostLines = 24;

/**
 * Names every failure at the end, where a person looks first, and what the engine said last; gives the exit code: that
 * of weather (75) only if all that failed is weather, so that a retry is never wasted on a broken build.
 */
export function tellFailures({ world }: Session, outcomes: readonly Outcome[]): ExitCode {
  // What else fails says in its message why.
  const saidOf = ({ error }: Outcome) =>
    error?.code === "BUILD_FAILED" ? error.output : undefined;
  const room = Math.ceil(mostLines / Math.max(outcomes.filter(saidOf).length, 3));
  for (const outcome of outcomes) {
    const { name, error, optional } = outcome;
    if (error === null) continue;
    const weight = optional ? "optional, so the set goes on without it" : error.code;
    const subject = error.message.startsWith(`build ${name}: `) ? "" : `${name}: `;
    world.log.info(`berth: ${subject}${error.message} [${weight}]`);
    for (const line of saidOf(outcome)?.slice(-room) ?? []) world.log.info(`  | ${line}`);
    if (error.hint !== null) world.log.info(`  hint: ${error.hint}`);
  }
  const fatal = outcomes.filter(isFatal);
  if (fatal.length === 0) return exitCodes.done;
  // A skipped image has the reason of its parent.
  const failed = fatal.filter(({ result }) => result === "failed");
  const [code = exitCodes.failed, ...others] = new Set(
    failed.map(({ error }) => (error === null ? exitCodes.failed : errorCodes[error.code])),
  );
  return others.length === 0 ? code : exitCodes.failed;
}

/** GitLab's API; `undefined` where no GitLab is known. It is loaded here, since most runs do not need it. */
export async function gitlabOf(world: World, prefix: string) {
  const { env, fetch, clock, random, log } = world;
  const { accessOf } = await import("../gitlab/rights.ts");
  const access = accessOf(env, prefix);
  if (access === undefined) return undefined;
  const { openGitLab } = await import("../gitlab/client.ts");
  const opened = openGitLab(access, { fetch, clock, random, log: log.info });
  if (access.withheld !== undefined)
    log.warn(
      `${access.withheld} is not sent to ${access.api}, which is plain http or another host than CI_SERVER_URL`,
    );
  return opened;
}
