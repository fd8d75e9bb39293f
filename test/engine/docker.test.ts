import { engineContract, ofStores } from "./contract.ts";
import { containerdDocker, machineDocker } from "./subjects.ts";

engineContract("docker", machineDocker());
engineContract("docker on containerd", containerdDocker(), ofStores);
