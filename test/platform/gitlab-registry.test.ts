/** Distribution under GitLab's rules and behind nginx; beside it GitLab's own registry, where somebody names one. */
import { readFileSync } from "node:fs";
import { gitlabContract } from "../registry/gitlab-client.ts";
import { startStand } from "../registry/gitlab-stand.ts";

gitlabContract("Distribution with GitLab's rules", () => startStand("distribution"));

const { BERTH_TEST_GITLAB_REGISTRY: host, BERTH_TEST_GITLAB_KEY: key = "" } = process.env;
if (host !== undefined) {
  const real = { host, pem: readFileSync(key, "utf8") };
  gitlabContract("GitLab's own registry", () => startStand(real));
}
