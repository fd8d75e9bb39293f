/** The programs that a runner's own stages need and an image may lack, from this host: git with its libraries, and the runner. */
import { createHash } from "node:crypto";
import { basename } from "node:path/posix";
import { BerthError } from "../errors.ts";
import type { Files, Run } from "../world.ts";
import { lent } from "./container.ts";

interface Ports {
  readonly run: Run;
  readonly files: Pick<Files, "read" | "write" | "entry">;
}

/** Certificates of this host, in the places that distributions have for them. */
const certificates = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

/**
 * Gives the volumes that bring the programs to a container; they are copied once for each version of git, below `folder`.
 *
 * git comes with the loader and the libraries that it needs, so that it runs in an image of any distribution.
 */
export async function lendPrograms(folder: string, ports: Ports): Promise<readonly string[]> {
  const { run, files } = ports;
  const found = await run("sh", [
    "-c",
    "git --exec-path; command -v git; command -v gitlab-runner",
  ]);
  const [core = "", git = "", runner] = found.stdout.trimEnd().split("\n");
  const bytes = await files.read(git);
  if (bytes === undefined)
    throw new BerthError("ENGINE_MISSING", "look for the git that jobs are lent: it is not there", {
      hint: "install git on the runner's host",
    });
  const id = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const target = `${folder}/programs/${id}`;
  if ((await files.entry(`${target}/bin/git`)) === undefined) await copy(git, core, target, ports);
  const volumes = [`${target}:${lent}:ro`];
  return runner ? [...volumes, `${runner}:${lent}/bin/gitlab-runner:ro`] : volumes;
}

async function copy(git: string, core: string, target: string, { run, files }: Ports) {
  const bring = async (from: string, to: string): Promise<void> => {
    const bytes = await files.read(from);
    if (bytes !== undefined) await files.write(`${target}/${to}`, bytes, 0o755);
  };
  const remote = `${core}/git-remote-http`;
  const told = await run("ldd", [git, remote]);
  const libraries = [...told.stdout.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].flatMap(
    ([, path]) => path ?? [],
  );
  for (const path of new Set([git, remote, ...libraries]))
    await bring(path, `lib/${basename(path)}`);
  // For submodules, which git leaves to a shell.
  for (const name of ["git-submodule", "git-sh-setup", "git-sh-i18n"])
    await bring(`${core}/${name}`, `core/${name}`);
  for (const path of certificates) await bring(path, "ca.pem");
  const settings = `[http]\n\tsslCAInfo = ${lent}/ca.pem\n[safe]\n\tdirectory = *\n`;
  await files.write(`${target}/gitconfig`, settings, 0o644);
  const loader = libraries.find((path) => /\/ld-[^/]*$/.test(path));
  const start = loader ? `${lent}/lib/${basename(loader)} --library-path ${lent}/lib ` : "";
  const wrapper = (name: string) => `#!/bin/sh
export GIT_EXEC_PATH=${lent}/core GIT_CONFIG_SYSTEM=${lent}/gitconfig GIT_TEMPLATE_DIR=
exec ${start}${lent}/lib/${name} "$@"
`;
  for (const [path, text] of [
    ["core/git-remote-http", wrapper("git-remote-http")],
    ["core/git-remote-https", wrapper("git-remote-http")],
    ["core/git", wrapper("git")],
    // A place for the runner's program to be mounted at.
    ["bin/gitlab-runner", ""],
    // Last, for it says that all is there.
    ["bin/git", wrapper("git")],
  ] as const)
    await files.write(`${target}/${path}`, text, 0o755);
}
