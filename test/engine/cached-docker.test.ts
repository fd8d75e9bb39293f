import { cacheSuite } from "./cached.ts";
import { modernDocker } from "./subjects.ts";

cacheSuite("docker", modernDocker());
