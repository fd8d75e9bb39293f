/** What the numbers were taken on. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release } from "node:os";

export type Machine = Readonly<Record<string, string>>;

export function describeMachine(now: Date): Machine {
  const processors = cpus();
  return {
    date: now.toISOString().slice(0, 16).replace("T", " "),
    CPU: `${processors[0]?.model.trim() ?? "unknown"}, ${processors.length} cores`,
    kernel: release(),
    "load before": loadavg()
      .map((load) => load.toFixed(2))
      .join(" "),
    node: process.version,
    git: versionOf("git"),
    tar: versionOf("tar"),
    buildah: versionOf("buildah"),
    skopeo: versionOf("skopeo"),
    "docker-registry": versionOf("docker-registry"),
  };
}

function versionOf(program: string): string {
  try {
    const output = execFileSync(program, ["--version"], { encoding: "utf8", stdio: "pipe" });
    return /v?\d+\.\d+\S*/.exec(output)?.[0] ?? output.trim();
  } catch {
    return "not installed";
  }
}
