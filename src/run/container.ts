/** The command line that runs an image as a CI job would, with the work tree in it. */
import type { Files, Git } from "../world.ts";
import type { Tool } from "./tool.ts";

/** The user and group that berth runs as. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
}

export interface ContainerRequest {
  /** The image, by digest. */
  readonly reference: string;
  readonly platform: string;
  /** Given to the container, so that it can be ended by it; none on a command line that is only printed. */
  readonly name?: string;
  readonly terminal: boolean;
  /** Files that are written belong to the caller, or to whom the image says, as in CI. */
  readonly user: "caller" | "image";
  /** Absolute paths, each mounted at the same place. */
  readonly folders: readonly string[];
  /** The same of what the command may only read, also where it lies in one of the folders. */
  readonly kept: readonly string[];
  readonly workdir: string;
  readonly volumes: readonly string[];
  /** `NAME=value`, or `NAME` for the value here. */
  readonly env: readonly string[];
  readonly network: string | undefined;
  /** A shell where empty. */
  readonly command: readonly string[];
}

/**
 * The work tree, and for a linked one (a worktree, a submodule) the repository that git needs beside it.
 *
 * The repository is kept as it is: programs that its configuration names are run by this machine's git.
 */
export async function foldersOf(
  git: Git,
  files: Pick<Files, "entry">,
  writableGit: boolean,
): Promise<Pick<ContainerRequest, "folders" | "kept">> {
  const dotGit = `${git.root}/.git`;
  const kind = (await files.entry(dotGit))?.kind;
  const common = kind === "directory" ? dotGit : await commonFolder(git);
  if (writableGit) {
    const isInside = common.startsWith(`${git.root}/`);
    return { folders: isInside ? [git.root] : [git.root, common], kept: [] };
  }
  const isFile = kind === "file";
  return { folders: [git.root], kept: isFile ? [dotGit, common] : [common] };
}

async function commonFolder(git: Git): Promise<string> {
  const answer = await git.run(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  return answer.toString().trim();
}

/** Where the caller's HOME is in the container: in memory, for an image has none for a user that it does not know. */
export const home = "/home/berth";

/** What GitLab's runner does too: bash where the image has it. */
export const bestShell = "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi";

/** The arguments for docker or podman. */
export function containerArguments(
  request: ContainerRequest,
  tool: Tool,
  caller: Caller,
): readonly string[] {
  const { reference, platform, name, network, command } = request;
  return [
    "run",
    "--rm",
    "--interactive",
    ...(request.terminal ? ["--tty"] : []),
    ...(name === undefined ? [] : [`--name=${name}`]),
    ...(tool.init ? ["--init"] : []),
    `--platform=${platform}`,
    ...(request.user === "image" ? [] : userFlags(request, tool, caller)),
    // Labelling the work tree anew would change it for the rest of the machine.
    ...(tool.labels ? ["--security-opt=label=disable"] : []),
    ...request.folders.map(mountOf),
    ...request.kept.map((path) => `${mountOf(path)},readonly`),
    `--workdir=${request.workdir}`,
    ...(network === undefined ? [] : [`--network=${network}`]),
    ...request.env.map((variable) => `--env=${variable}`),
    ...request.volumes.map((volume) => `--volume=${volume}`),
    reference,
    ...(command.length === 0 ? ["sh", "-c", bestShell] : command),
  ];
}

function mountOf(path: string): string {
  return `--mount=type=bind,${pair("source", path)},${pair("target", path)}`;
}

function userFlags(
  { env }: ContainerRequest,
  { users }: Tool,
  { uid, gid }: Caller,
): readonly string[] {
  const same = `--user=${uid}:${gid}`;
  const flags = {
    same: [same],
    remapped: ["--userns=host", same],
    kept: ["--userns=keep-id", same],
    // The daemon runs as the caller, who is therefore root in there.
    rootless: ["--user=0:0"],
  }[users];
  const hasHome = env.some((variable) => /^HOME(?:=|$)/.test(variable));
  // Files with the setuid bit make nobody root, here or in the work tree.
  const held = [...flags, "--security-opt=no-new-privileges"];
  return hasHome ? held : [...held, `--tmpfs=${home}:exec,mode=1777`, `--env=HOME=${home}`];
}

/** A field of `--mount`, which is read as CSV. */
function pair(name: string, value: string): string {
  const text = `${name}=${value}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name for a container: what docker and podman allow, told apart by `random`. */
export function containerName(image: string, random: string): string {
  return `berth-${image.replaceAll(/[^A-Za-z0-9_.-]/g, "-")}-${random}`;
}
