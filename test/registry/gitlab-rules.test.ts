import { gitlabContract } from "./gitlab-client.ts";
import { startStand } from "./gitlab-stand.ts";

gitlabContract("GitLab's registry before the one in memory", () => startStand("memory"));
