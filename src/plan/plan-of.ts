/** The way to a plan: files give keys, registries give sightings, and both together decisions. */
import type { Config } from "../config/config.ts";
import { printProblem } from "../errors.ts";
import type { Identified } from "../image/identify.ts";
import type { Image } from "../image/image.ts";
import type { Registry } from "../registry/registry.ts";
import { decide } from "./decide.ts";
import { type FilesState, makePlan } from "./make.ts";
import { announceReads, missing, type Observation, observe } from "./observe.ts";
import { type Source, sourcesOf } from "./places.ts";
import type { Plan } from "./plan.ts";
import { lookAtFreshness, type MergeHistory } from "./refresh.ts";
import { refusedWrites } from "./rights.ts";
import type { Situation } from "./situation.ts";

/** What is planned, and whom the planning may ask. */
export interface Planning {
  readonly config: Config;
  readonly situation: Situation;
  readonly images: readonly Pick<Image, "name">[];
  readonly registry: Registry;
  readonly now: Date;
  /** Gives all images their keys. */
  readonly identify: () => Promise<Identified>;
  /** The commit of the files that were keyed, and what of them differs from it. */
  readonly filesState: (identified: Identified) => Promise<FilesState>;
  readonly history: MergeHistory;
  /** Says what changed in images that are nowhere, by name; asked only where there are some. */
  readonly changes: (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

export interface Planned {
  readonly plan: Plan;
  readonly identified: Identified;
  readonly observation: Observation;
}

export async function planOf(planning: Planning): Promise<Planned> {
  const { config, situation, registry, now, history } = planning;
  const sources = sourcesOf(situation, config);
  announceReads(planning.images, sources, registry);
  const identified = await planning.identify();
  const { images } = identified;
  // Git and the registry are asked at the same time: neither answer depends on the other.
  const [state, observation] = await Promise.all([
    planning.filesState(identified),
    observe(images, sources, registry, { now, records: recordsFor(situation, sources) }),
  ]);
  const absent = missing(images, observation);
  const [fresh, since] = await Promise.all([
    lookAtFreshness(images, observation, { config, situation, registry, history, now }),
    absent.length === 0 ? undefined : planning.changes(absent),
  ]);
  const grounds = { images, observation, config, situation, fresh, since };
  const decided = decide(grounds);
  const warnings = [
    ...(await refusedWrites(decided, planning)),
    ...config.warnings,
    ...situation.warnings,
    ...identified.warnings.map(printProblem),
  ];
  const plan = makePlan(decided, grounds, { state, warnings });
  return { plan, identified, observation };
}

/** In a merge upstream may have come to have what the own record names. */
function recordsFor({ merge, role }: Situation, sources: readonly Source[]): readonly Source[] {
  const isMerge = merge !== undefined && role !== "upstream";
  return isMerge ? sources.filter(({ kind }) => kind === "upstream") : sources;
}
