import { dockerEngine } from "./engines.ts";
import { exampleJourney } from "./journey.ts";
import { testBuilt } from "./reuse.ts";
import { testTrees } from "./trees.ts";

// What apt installs is the same RUN to it as any other.
exampleJourney("docker", dockerEngine, [testBuilt, testTrees], ["debian"]);
