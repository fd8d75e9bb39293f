/** What buildah, or an older one, would build wrong or fail at without saying why. */
import { BerthError } from "../errors.ts";
import type { Files } from "../world.ts";
import type { BuildahVersion } from "./buildah-args.ts";
import type { BuildRequest } from "./engine.ts";
import { at } from "./place.ts";

/** The first version that knows heredocs. */
const heredocsSince = 33;
/** From here on a bind mount never leads out of the context (CVE-2024-1753). */
const linksSince = 36;

/** Refuses a request that this version cannot be given; BUILD_FAILED with file and line. */
export async function refuseMisread(
  request: BuildRequest,
  version: BuildahVersion,
  files: Pick<Files, "entry">,
): Promise<void> {
  const { dockerfile, source, traits } = request;
  refuseNoted(request, version);
  if (traits.heredocs && version.minor < heredocsSince) {
    const line = dockerfile.split("\n").findIndex((text) => text.includes("<<"));
    throw refused(request, source.lines[line], {
      what: `buildah ${version.text} does not know heredocs`,
      instead: `use buildah 1.${heredocsSince} or later, or write the lines without one`,
    });
  }
  if (!traits.binds || version.minor >= linksSince) return;
  for (const { path, line } of request.mounted) {
    const link = await linkOn(path, request.contextFolder, files);
    if (link === undefined) continue;
    throw refused(request, line, {
      what: `buildah ${version.text} follows the link ${JSON.stringify(link)} of a bind mount's source out of the context`,
      instead: `use buildah 1.${linksSince} or later, or name what the link leads to`,
    });
  }
}

/** One key must not mean two images: what this buildah reads otherwise than BuildKit is not built with it. */
function refuseNoted({ name, source, notes }: BuildRequest, version: BuildahVersion): void {
  const problems = notes
    .filter(({ buildah: { below } }) => below === undefined || version.minor < below)
    .map(({ line, column, message }) => ({ file: source.file, line, column, message }));
  if (problems.length === 0) return;
  throw new BerthError(
    "BUILD_FAILED",
    `build ${name}: buildah ${version.text} reads ${source.file} otherwise than its key means`,
    { problems, hint: "change these lines, or build with the docker engine" },
  );
}

/** The first part of a path that is a link. */
async function linkOn(
  path: string,
  folder: string,
  files: Pick<Files, "entry">,
): Promise<string | undefined> {
  const parts = path.split("/");
  for (let length = 1; length <= parts.length; length++) {
    const part = parts.slice(0, length).join("/");
    if ((await files.entry(`${folder}/${part}`))?.kind === "symlink") return part;
  }
  return undefined;
}

function refused(
  { name, source }: BuildRequest,
  line: number | undefined,
  { what, instead }: { readonly what: string; readonly instead: string },
): BerthError {
  return new BerthError("BUILD_FAILED", `build ${name}: ${at(source, line)}${what}`, {
    hint: instead,
  });
}
