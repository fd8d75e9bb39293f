import { dockerEngine } from "./engines.ts";
import { exampleJourney } from "./journey.ts";

// What apt installs is the same RUN to it as any other.
exampleJourney("docker", dockerEngine, ["debian"]);
