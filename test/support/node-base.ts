/**
 * Stand-ins for the bases of the tool image, made on this machine: no registry of images can be reached in a test.
 *
 * They have what the official images have where berth relies on it: Debian 13 with apt, Node and npm at the same
 * places. What they have on top is this machine's way to its package registries, read from it when they are made.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Digest } from "../../src/oci/digest.ts";
import { debianLayer, keptLayer } from "./bases.ts";
import { type Layer, layerOf, type Member, pushImage } from "./images.ts";
import { program } from "./programs.ts";
import { temporaryFolder } from "./services.ts";

const execute = promisify(execFile);
const nodePackage = fileURLToPath(new URL("../../node_modules/node", import.meta.url));

/** Pushes a stand-in for `debian:trixie-slim` and gives its digest. */
export async function pushTrixie(
  host: string,
  repository = "bases/debian",
  tag = "trixie-slim",
): Promise<Digest> {
  return pushImage(host, repository, tag, await trixieLayers());
}

/** Pushes a stand-in for `node:24-trixie-slim` and gives its digest. */
export async function pushNode(
  host: string,
  repository = "bases/node",
  tag = "24-trixie-slim",
): Promise<Digest> {
  return pushImage(host, repository, tag, await nodeLayers(), { Cmd: ["node"] });
}

/** What the stand-ins consist of: those of `debian:trixie-slim`, and on them Node. */
export async function nodeLayers(): Promise<readonly Layer[]> {
  return [...(await trixieLayers()), await nodeLayer()];
}

async function trixieLayers(): Promise<readonly Layer[]> {
  return [await debianLayer("trixie"), await settingsLayer()];
}

async function nodeLayer(): Promise<Layer> {
  const { version } = JSON.parse(await readFile(join(nodePackage, "package.json"), "utf8"));
  return keptLayer(`node-${version}-v1`, async (tar) => {
    const folder = await temporaryFolder("berth-node-");
    try {
      const local = join(folder.path, "usr", "local");
      await mkdir(join(local, "bin"), { recursive: true });
      await cp(join(nodePackage, "bin", "node"), join(local, "bin", "node"));
      await symlink("node", join(local, "bin", "nodejs"));
      const flags = ["--no-audit", "--no-fund", "--ignore-scripts"];
      await execute("npm", ["install", "--global", `--prefix=${local}`, ...flags, "npm@11"]);
      const order = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
      const from = [`--file=${tar}`, `--directory=${folder.path}`, "usr"];
      await execute("tar", [...order, "--create", ...from]);
    } finally {
      await folder.remove();
    }
  });
}

/** The files that let apt and npm reach their registries as they do on this machine. */
async function settingsLayer(): Promise<Layer> {
  const npmrc = await npmSettings();
  const texts: Readonly<Record<string, string | undefined>> = {
    "etc/apt/apt.conf.d/90machine": await aptSettings(),
    "usr/local/etc/npmrc": npmrc,
    // Where npm looks if Debian's npm installed it, whose own settings it then has.
    "etc/npmrc": npmrc,
    "etc/ssl/certs/ca-certificates.crt": await textOf("/etc/ssl/certs/ca-certificates.crt"),
    ...(await ownCertificates()),
  };
  const files = Object.entries(texts).flatMap(([path, data]): readonly Member[] =>
    data === undefined ? [] : [{ path, kind: "file", data }],
  );
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)));
  const made = [...folders].sort().map((path): Member => ({ path: `${path}/`, kind: "directory" }));
  return layerOf([...made, ...files]);
}

async function aptSettings(): Promise<string> {
  const { stdout } = await execute(program("apt-config"), ["dump"]);
  const kept = stdout
    .split("\n")
    .filter((line) => /^Acquire::(?:https?|Check-|Retries)/.test(line));
  return kept.map((line) => `${line}\n`).join("");
}

async function npmSettings(): Promise<string> {
  const { stdout } = await execute("npm", ["config", "get", "registry", "cafile"]);
  const given = stdout
    .split("\n")
    .filter((line) => /^\w+=/.test(line) && !/=(?:null)?$/.test(line));
  // Node itself brings certificates of its own and looks at no others.
  const isTold = given.some((line) => line.startsWith("cafile="));
  const lines = isTold ? given : [...given, "cafile=/etc/ssl/certs/ca-certificates.crt"];
  return lines.map((line) => `${line}\n`).join("");
}

async function ownCertificates(): Promise<Readonly<Record<string, string | undefined>>> {
  const folder = "/usr/local/share/ca-certificates";
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".crt"));
  const read = async (name: string) =>
    [join(folder, name).slice(1), await textOf(join(folder, name))] as const;
  return Object.fromEntries(await Promise.all(names.sort().map(read)));
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path);
  return above === "." ? [] : [...foldersAbove(above), above];
}
