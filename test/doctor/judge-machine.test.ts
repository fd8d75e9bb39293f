import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { judge, trouble } from "./cases.ts";
import { healthy } from "./healthy.ts";

function withBuildah(text: string): DoctorFacts {
  const engines = [{ name: "buildah", version: { text } } as const];
  return { ...healthy, machine: { ...healthy.machine, engines } };
}

judge("machine and clone", [
  ["buildah 1.44", withBuildah("1.44.0"), "engine", "warning", /overlay/],
  ["buildah 2.0", withBuildah("2.0.1"), "engine", "warning", /overlay/],
  ["buildah 1.39", withBuildah("1.39.3"), "engine", "ok", /answers/],
  [
    "a host whose AppArmor forbids mounts in user namespaces",
    { ...healthy, machine: { ...healthy.machine, restrictsNamespaces: true } },
    "engine",
    "ok",
    /apparmor_restrict_unprivileged_userns is 1/,
  ],
  ["buildah 1.28", withBuildah("1.28.2"), "engine", "note", /no heredocs .*one layer cache/s],
  ["buildah 1.34", withBuildah("1.34.0"), "engine", "note", /^(?!.*heredocs).*bind mounts/s],
  [
    "no engine",
    {
      ...healthy,
      machine: { ...healthy.machine, engines: [{ name: "buildah", version: trouble }] },
    },
    "engine",
    "error",
    /buildah: do something.*give a token/s,
  ],
  [
    "the umask of GitLab's runners",
    healthy,
    "umask",
    "ok",
    /0000, which makes no difference.*canonical/s,
  ],
  [
    "a shallow clone that promotes",
    { ...healthy, clone: { shallow: true, promotes: ["latest"] } },
    "clone",
    "note",
    /GIT_DEPTH/,
  ],
  [
    "a shallow clone of a topic branch",
    { ...healthy, clone: { shallow: true, promotes: [] } },
    "clone",
    "ok",
    /enough/,
  ],
]);
