import { buildahEngine } from "./engines.ts";
import { exampleJourney } from "./journey.ts";

exampleJourney("buildah", buildahEngine);
