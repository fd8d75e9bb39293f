import { engineContract } from "./contract.ts";
import { machineDocker } from "./subjects.ts";

engineContract("docker", machineDocker());
