import { dockerEngine, machineBuildah } from "../example/engines.ts";
import { platformsContract } from "./contract-platforms.ts";

platformsContract("buildah", machineBuildah);
platformsContract("docker", dockerEngine);
