import { cacheSuite } from "./cached.ts";
import { modernBuildah } from "./subjects.ts";

cacheSuite("buildah", modernBuildah());
