import { dockerEngine } from "./engines.ts";
import { exampleJourney } from "./journey.ts";

exampleJourney("docker", dockerEngine);
