import { gitlabRules } from "./gitlab-rules.ts";
import { startStand } from "./gitlab-stand.ts";

gitlabRules("GitLab's registry before the one in memory", () => startStand("memory"));
