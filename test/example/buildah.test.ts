import { buildahEngine } from "./engines.ts";
import { exampleJourney } from "./journey.ts";
import { testBuilt, testReuse } from "./reuse.ts";
import { testTrees } from "./trees.ts";

exampleJourney("buildah", buildahEngine, [testBuilt, testReuse, testTrees]);
