/** Whose exit code it is: docker and podman use some for themselves that a command may have too. */
import type { Clock, Run } from "../world.ts";
import type { Tool } from "./tool.ts";

/** 125: the program or its daemon failed; 126: the command is not executable; 127: it is not there. */
export function isShared(exitCode: number): boolean {
  return exitCode >= 125 && exitCode <= 127;
}

/**
 * Whether a container that is gone already had begun to run, from the program's own list of events.
 *
 * `undefined` where it does not say.
 */
export async function hadBegun(
  name: string,
  tool: Tool,
  { run, clock }: { readonly run: Run; readonly clock: Pick<Clock, "now"> },
): Promise<boolean | undefined> {
  const filters = [`--filter=container=${name}`, "--filter=event=start"];
  const until = (clock.now().getTime() / 1000).toFixed(3);
  const bounds =
    tool.name === "docker" ? ["--since=1", `--until=${until}`] : ["--stream=false", "--since=1h"];
  const answer = await run(tool.command, ["events", ...bounds, ...filters], { timeoutMs: 10_000 });
  return answer.exitCode === 0 ? answer.stdout.trim() !== "" : undefined;
}

/** What a person has to know of such a code; nothing where it is the command's own. */
export function sharedCodeText(
  exitCode: number,
  begun: boolean | undefined,
  tool: Tool,
): string | undefined {
  if (begun === true) return undefined;
  const whose = `exit code ${exitCode} is ${begun === false ? "" : "probably "}${tool.command}'s`;
  return `${whose}, not the command's: ${meanings[exitCode] ?? ""}; see its message`;
}

const meanings: Readonly<Record<number, string>> = {
  125: "the container could not be made",
  126: "the command could not be started",
  127: "the image does not have the command",
};
