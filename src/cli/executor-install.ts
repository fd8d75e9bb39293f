/** `berth executor install`: the lines of config.toml for a runner, and what they lack on this host. */
import { BerthError, exitCodes } from "../errors.ts";
import { folders } from "../executor/container.ts";
import type { Host } from "../executor/host.ts";
import type { World } from "../world.ts";

/** Prints the lines, which are added to a runner's section; ENGINE_MISSING where jobs would not get what they need. */
export async function install({ run, print, files }: World, host: Host): Promise<number> {
  const { tool, folder, build, logins, network } = host;
  const flags = [
    `--with=${tool.command}`,
    `--folder=${folder}`,
    ...(build ? ["--build"] : []),
    ...logins.map((name) => `--login=${name}`),
    ...(network === "host" ? ["--host-network"] : []),
  ];
  const stages = ["config", "prepare", "run", "cleanup"].map((stage) => {
    const args = ["executor", stage, ...(stage === "config" ? flags : [])];
    return `  ${stage}_exec = "berth"\n  ${stage}_args = ${JSON.stringify(args)}\n`;
  });
  print(`executor = "custom"
builds_dir = "${folders.builds}"
cache_dir = "${folders.cache}"
[runners.custom]
${stages.join("")}  prepare_exec_timeout = 7200
`);
  await files.write(`${folder}/.berth`, "");
  for (const program of ["gitlab-runner", "git", "flock", "berth"])
    if ((await run("sh", ["-c", `command -v ${program}`])).exitCode !== 0)
      throw new BerthError(
        "ENGINE_MISSING",
        `look for ${program} on this host: it is not on PATH`,
        {
          hint: "install it where the runner finds it; jobs are lent git and gitlab-runner",
        },
      );
  return exitCodes.done;
}
