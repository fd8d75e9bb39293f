/** Examines many texts, several at once, and tells about what does not hold. */
import type { Engines, Text } from "./engines.ts";
import { examinerOf, type Fault, read, show, shrink } from "./examine.ts";

export interface Survey {
  texts: number;
  /** Texts that berth refuses. */
  refused: number;
  /** Texts that each engine accepts, of those that berth accepts. */
  readonly accepted: Record<string, number>;
  keys: number;
  readonly faults: { readonly text: Text; readonly fault: Fault }[];
}

const atOnce = 256;
/** More of one kind tell nothing new. */
const enough = 50;

export async function survey(engines: Engines, all: Iterable<Text>): Promise<Survey> {
  const examiner = examinerOf(engines);
  const found: Survey = { texts: 0, refused: 0, accepted: {}, keys: 0, faults: [] };
  const take = async (text: Text): Promise<void> => {
    const { refusal, accepted, faults } = await examiner.examine(text);
    found.texts++;
    if (refusal !== undefined) found.refused++;
    for (const name of accepted) found.accepted[name] = (found.accepted[name] ?? 0) + 1;
    found.faults.push(...faults.map((fault) => ({ text, fault })));
  };
  let batch: Promise<void>[] = [];
  for (const text of all) {
    batch.push(take(text));
    if (batch.length < atOnce) continue;
    await Promise.all(batch);
    batch = [];
    if (found.faults.length > enough) break;
  }
  await Promise.all(batch);
  found.keys = examiner.keys();
  return found;
}

/** The smallest text for the first fault of each kind, with what the engine gets. */
export async function explain(engines: Engines, { faults }: Survey): Promise<string> {
  const kinds = new Map(faults.map((one) => [`${one.fault.rule}, ${one.fault.engine}`, one]));
  const parts: string[] = [];
  for (const [kind, { text, fault }] of kinds) {
    const smallest = fault.rule === "key" ? text : await shrink(text, fault, engines);
    const reading = read(smallest);
    const built = "built" in reading ? `built is\n${show(reading.built)}` : "";
    parts.push(`${kind}:\n${show(smallest)}\n${fault.rule === "key" ? fault.detail : built}`);
  }
  return parts.join("\n\n");
}
