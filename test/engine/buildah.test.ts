import { engineContract } from "./contract.ts";
import { machineBuildah } from "./subjects.ts";

engineContract("buildah", machineBuildah());
