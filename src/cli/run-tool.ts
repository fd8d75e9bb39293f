/** The program that runs containers, and what pulling with it needs. */
import type { World } from "../host/world.ts";
import type { Caller } from "../run/container.ts";
import type { Attach } from "../run/port.ts";
import type { PullPorts } from "../run/pull.ts";
import { type Meeting, meetTool, type Tool, type ToolName } from "../run/tool.ts";
import type { Login } from "./registry.ts";

/** Whom files in the work tree are to belong to. */
export function caller(): Caller {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

export function meet({ run, files, env }: World, asked: ToolName | undefined): Promise<Meeting> {
  return meetTool(asked, { run, files, env, root: caller().uid === 0 });
}

/** The tool where it can run something now. */
export function usable({ tool, trouble }: Meeting): Tool {
  if (trouble !== undefined) throw trouble;
  return tool;
}

export function pullPorts(
  { run, files, env }: World,
  { credentials, insecureHosts }: Login,
  attach: Attach,
): PullPorts {
  return {
    run,
    attach,
    files,
    env,
    authFile: async (host) => (await credentials()).authFileFor([host]),
    insecureHosts,
  };
}
