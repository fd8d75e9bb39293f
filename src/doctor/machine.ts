/** Can this machine build? By engines and the kernel. */
import type { Engine } from "../build/engine.ts";
import type { Situation } from "../plan/situation.ts";
import type { Files } from "../world.ts";
import { type Checks, isTrouble, type Known, known, lines, say } from "./judgement.ts";

export type MachineFacts = Awaited<ReturnType<typeof gatherMachine>>;

interface EngineFacts {
  readonly name: Engine["name"];
  readonly version: Known<string>;
}

export interface ForeignPlatform {
  readonly platform: string;
  /** What the kernel has for its programs: `open` finds the interpreter only where the program runs. */
  readonly handler: "none" | "open" | "held" | "unknown";
}

/** Which of the engines can be used: for `auto` all until one can. */
export async function gatherMachine(
  engines: Known<readonly Engine[]>,
  files: Pick<Files, "read">,
  foreign: readonly string[],
) {
  const restriction = await files.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  return {
    /** Those that were tried; a trouble where which are to be cannot be read. */
    engines: isTrouble(engines) ? engines : await tryEngines(engines),
    /** AppArmor of the host forbids mounts in user namespaces, also to containers without a profile (Ubuntu since 23.10). */
    restrictsNamespaces: restriction?.toString().trim() === "1",
    /** Platforms of images that this machine does not run by itself. */
    foreign: await Promise.all(foreign.map((platform) => askHandler(platform, files))),
  };
}

async function tryEngines(engines: readonly Engine[]): Promise<readonly EngineFacts[]> {
  const tried: EngineFacts[] = [];
  for (const engine of engines) {
    const version = await known(engine.check());
    tried.push({ name: engine.name, version });
    if (!isTrouble(version)) break;
  }
  return tried;
}

/** What qemu calls the machines that it plays. */
const machines: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  "386": "i386",
  arm64: "aarch64",
  loong64: "loongarch64",
};

/** What the kernel's entry for a platform's programs says, where there is one (Linux: admin-guide/binfmt-misc). */
async function askHandler(platform: string, files: Pick<Files, "read">): Promise<ForeignPlatform> {
  const [, architecture = ""] = platform.split("/");
  const folder = "/proc/sys/fs/binfmt_misc";
  // In most containers that folder is empty, whatever the kernel has.
  if ((await files.read(`${folder}/status`)) === undefined) return { platform, handler: "unknown" };
  const entry = await files.read(`${folder}/qemu-${machines[architecture] ?? architecture}`);
  const text = entry?.toString() ?? "";
  if (!text.startsWith("enabled")) return { platform, handler: "none" };
  return { platform, handler: /^flags: \w*F/m.test(text) ? "held" : "open" };
}

interface Here {
  readonly machine: MachineFacts;
  readonly situation: Pick<Situation, "ci">;
}

/** From here on buildah mounts an overlay over every build context (buildah issues 6890, 6892, 6910). */
const overlayContexts = "1.44";

/** What buildah cannot before a version; everything else it builds. */
const lackedBefore = [
  ["1.33", "no heredocs"],
  ["1.36", "no bind mounts whose source is a link"],
  ["1.31", "no mounts in RUN"],
  ["1.29", "one layer cache, which in a fork is upstream's"],
] as const;

export const machineChecks = {
  engine({ machine: { engines, restrictsNamespaces }, situation }) {
    if (isTrouble(engines))
      return say.error("which is to build cannot be read", engines.trouble, engines.todo);
    const troubles = engines.flatMap(({ name, version }) =>
      isTrouble(version) ? [{ name, ...version }] : [],
    );
    const detail = lines(
      ...troubles.map(({ name, trouble }) => `${name}: ${trouble}`),
      restrictsNamespaces
        ? "the host's kernel.apparmor_restrict_unprivileged_userns is 1: without privileges there are no mounts in user namespaces"
        : "",
    );
    const [usable] = engines.flatMap(({ name, version }) =>
      isTrouble(version) ? [] : [{ isBuildah: name === "buildah", text: `${name} ${version}` }],
    );
    if (usable === undefined) {
      const todo = troubles.map((one) => one.todo).find((one) => one !== undefined);
      return say[situation.ci ? "error" : "warning"]("none can be used here", detail, todo);
    }
    const { text, isBuildah } = usable;
    if (isBuildah && !isOlder(text, overlayContexts))
      return say.warning(
        `${text} mounts an overlay over build contexts`,
        lines(
          "Since 1.44 whatever the storage driver; it fails in unprivileged pods and in containers without a volume for temporary files.",
          detail,
        ),
        "use buildah 1.43 or older, or mount a volume at /var/tmp and at its storage",
      );
    const lacks = lackedBefore.filter(([version]) => isBuildah && isOlder(text, version));
    if (lacks.length === 0) return say.ok(`${text} answers`, detail);
    const what = lacks.map(([version, lack]) => `${lack} (before ${version})`);
    return say.note(`${text} answers, and is old`, lines(what.join("; "), detail));
  },

  emulation({ machine: { foreign } }) {
    if (foreign.length === 0) return say.ok("no image is for another machine's platform");
    const byHandler = Map.groupBy(foreign, ({ handler }) => handler);
    const [none, open, unknown, held] = (["none", "open", "unknown", "held"] as const).map(
      (handler) =>
        byHandler
          .get(handler)
          ?.map(({ platform }) => platform)
          .join(", "),
    );
    const todo =
      "install qemu-user-static on the machine that builds, or let it run docker run --privileged --rm tonistiigi/binfmt --install all";
    if (none !== undefined)
      return say.warning(
        `nothing here starts programs of ${none}`,
        "A RUN in such an image ends with `exec format error`, unless its stage is FROM --platform=$BUILDPLATFORM.",
        todo,
      );
    if (open !== undefined)
      return say.warning(
        `the handler for ${open} works outside of containers only`,
        "It was registered without the flag F, so its interpreter is looked for in each container.",
        todo,
      );
    if (unknown !== undefined)
      return say.note(`whether ${unknown} is emulated here, this system does not tell`);
    return say.ok(`the kernel starts programs of ${held} by emulation`);
  },
} satisfies Checks<Here>;

/** Compares the first two numbers of versions such as `1.43.1`. */
function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): readonly number[] =>
    (text.match(/\d+/g) ?? []).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(version);
  const [thanMajor = 0, thanMinor = 0] = numbers(than);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
