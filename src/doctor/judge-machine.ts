/** Can this machine build, and does its checkout hold what commands look at? */
import {
  type DoctorFacts,
  type ForeignPlatform,
  failing,
  isTrouble,
  type Judgement,
  judgement,
  note,
  ok,
  type ProcessFacts,
  warning,
} from "./facts.ts";
import { isOlder } from "./judge-gitlab.ts";

/** From here on buildah mounts an overlay over every build context (buildah issues 6890, 6892, 6910). */
const overlayContexts = "1.44";

/** What buildah cannot before a version; everything else it builds. */
const lackedBefore = [
  ["1.33", "no heredocs"],
  ["1.36", "no bind mounts whose source is a link"],
  ["1.29", "one layer cache, which in a fork is upstream's"],
] as const;

export function judgeEngine({ machine, situation }: DoctorFacts): Judgement {
  const { engines, self } = machine;
  const restriction = machine.restrictsNamespaces
    ? "the host's kernel.apparmor_restrict_unprivileged_userns is 1: without privileges there are no mounts in user namespaces"
    : "";
  const rights = lines([self === undefined ? "" : describeProcess(self), restriction]);
  const troubles = engines.flatMap(({ name, version }) =>
    isTrouble(version) ? [{ name, ...version }] : [],
  );
  const why = troubles.map(({ name, trouble }) => `${name}: ${trouble}`);
  const [usable] = engines.flatMap(({ name, version }) =>
    isTrouble(version) ? [] : [{ name, text: `${name} ${version.text}` }],
  );
  if (usable === undefined) {
    const todo = troubles.map((one) => one.todo).find((one) => one !== undefined);
    const level = situation.ci ? "error" : "warning";
    return judgement(level, "none can be used here", lines([...why, rights]), todo);
  }
  const { text } = usable;
  const detail = lines([...why, rights]);
  if (usable.name === "buildah" && !isOlder(text, overlayContexts)) {
    return warning(
      `${text} mounts an overlay over build contexts`,
      lines([
        "Since 1.44 whatever the storage driver; it fails in unprivileged pods and in containers without a volume for temporary files.",
        detail,
      ]),
      "use buildah 1.43 or older, or mount a volume at /var/tmp and at its storage",
    );
  }
  const lacks = lackedBefore.filter(([version]) => isOlder(text, version));
  if (usable.name === "buildah" && lacks.length > 0) {
    const what = lacks.map(([version, lack]) => `${lack} (since ${version})`);
    return note(`${text} answers, and is old`, lines([what.join("; "), detail]));
  }
  return ok(`${text} answers`, detail);
}

function describeProcess({ uid, hasSysAdmin, seccomp }: ProcessFacts): string {
  const admin = hasSysAdmin ? "CAP_SYS_ADMIN" : "no CAP_SYS_ADMIN";
  return `runs as user ${uid} with ${admin} and ${seccomp ? "a" : "no"} seccomp filter`;
}

function lines(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n");
}

export function judgeEmulation({ machine: { foreign } }: DoctorFacts): Judgement {
  if (foreign.length === 0) return ok("no image is for another machine's platform");
  const names = (handler: ForeignPlatform["handler"]): string =>
    foreign
      .filter((one) => one.handler === handler)
      .map(({ platform }) => platform)
      .join(", ");
  const [none, open, unknown] = [names("none"), names("open"), names("unknown")];
  const todo =
    "install qemu-user-static on the machine that builds, or let it run docker run --privileged --rm tonistiigi/binfmt --install all";
  if (none !== "")
    return warning(
      `nothing here starts programs of ${none}`,
      "A RUN in such an image ends with `exec format error`, unless its stage is FROM --platform=$BUILDPLATFORM.",
      todo,
    );
  if (open !== "")
    return warning(
      `the handler for ${open} works outside of containers only`,
      "It was registered without the flag F, so its interpreter is looked for in each container.",
      todo,
    );
  if (unknown !== "") return note(`whether ${unknown} is emulated here, this system does not tell`);
  return ok(`the kernel starts programs of ${names("held")} by emulation`);
}

export function judgeUmask({ machine: { self } }: DoctorFacts): Judgement {
  if (self === undefined) return note("this system does not tell it");
  const loose = /00$/.test(self.umask);
  const detail = loose
    ? "GitLab's runners set it so. Contexts are canonical: keys and images have the modes that git knows, 0644 and 0755."
    : "";
  return ok(`${self.umask}, which makes no difference`, detail);
}

export function judgeClone({ clone }: DoctorFacts): Judgement {
  if (isTrouble(clone)) return failing("git cannot be asked", clone.trouble, clone.todo);
  if (!clone.shallow) return ok("the whole history is here");
  if (clone.promotes.length === 0) return ok("shallow, which is enough for keys and plans");
  return note(
    `shallow, and this branch promotes ${clone.promotes.join(", ")}`,
    "Promotion fetches the commits that it compares, and stops with GIT_FAILED where git then still cannot tell which is newer.",
    "where that happens, set GIT_DEPTH: 0 for the promote job",
  );
}
