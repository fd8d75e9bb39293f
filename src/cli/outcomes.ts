/** How a run that built something ends: files for later jobs, words for people, an exit code. */
import { type ExitCode, errorCodes, exitCodes } from "../errors.ts";
import { isFatal, type Outcome } from "../output/outcome.ts";
import { outputPath, type Session, type SessionOptions } from "./session.ts";

/** Writes `outcome/<name>.json` for each image. */
export async function writeOutcomes(
  session: Session,
  options: SessionOptions,
  outcomes: readonly Outcome[],
): Promise<void> {
  for (const outcome of outcomes) {
    const file = outputPath(session.project.git.root, options, `outcome/${outcome.name}.json`);
    await session.world.files.write(file, `${JSON.stringify(outcome, null, 2)}\n`);
  }
}

/** Names every failure at the end, where a person looks first. */
export function reportFailures(session: Session, outcomes: readonly Outcome[]): void {
  for (const { name, error, optional } of outcomes) {
    if (error === null) continue;
    const weight = optional ? "optional, so the set goes on without it" : error.code;
    session.world.log.info(`berth: ${name}: ${error.message} [${weight}]`);
    if (error.hint !== null) session.world.log.info(`  hint: ${error.hint}`);
  }
}

/** Only weather (75) if all that failed is weather, so that a retry is never wasted on a broken build. */
export function exitCodeFor(outcomes: readonly Outcome[]): ExitCode {
  const fatal = outcomes.filter(isFatal).filter(({ result }) => result === "failed");
  if (fatal.length === 0) return outcomes.some(isFatal) ? exitCodes.failed : exitCodes.done;
  const codes = fatal.map(({ error }) =>
    error === null ? exitCodes.failed : errorCodes[error.code],
  );
  return codes.every((code) => code === codes[0])
    ? (codes[0] ?? exitCodes.failed)
    : exitCodes.failed;
}
