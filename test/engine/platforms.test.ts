import { platformsContract } from "./contract-platforms.ts";
import { machineBuildah, machineDocker } from "./subjects.ts";
import { openWorkshop } from "./workshop.ts";

platformsContract("buildah", openWorkshop(machineBuildah()));
platformsContract("docker", openWorkshop(machineDocker()));
