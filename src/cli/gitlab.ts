/** GitLab as a command finds it. */
import { accessOf } from "../gitlab/rights.ts";
import type { World } from "../world.ts";

/** GitLab's API; `undefined` where no GitLab is known. It is loaded here, since most runs do not need it. */
export async function gitlabOf(world: World, prefix: string) {
  const { env, fetch, clock, random, log } = world;
  const access = accessOf(env, prefix);
  if (access === undefined) return undefined;
  if (access.withheld !== undefined)
    log.warn(
      `${access.withheld} is not sent to ${access.api}, which is plain http or another host than CI_SERVER_URL`,
    );
  const { openGitLab } = await import("../gitlab/client.ts");
  return openGitLab(access, { fetch, clock, random, log: log.info });
}
