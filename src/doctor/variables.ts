/** Reading the environment so that one bad variable does not hide the rest. */
import type { Config } from "../config/config.ts";
import { type Situation, situationOf } from "../plan/situation.ts";
import { refuseTag, wishesOf } from "../plan/wishes.ts";
import { isTrouble, type Known, troubleOf, type VariableFacts } from "./facts.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The situation as far as it can be read, and what the variables are; pure. */
export function readVariables(
  env: Env,
  config: Config,
  registry: string | undefined,
): { readonly situation: Situation; readonly variables: VariableFacts } {
  const { prefix } = config;
  const read = attempt(() => situationOf(env, config, registry));
  const { CI, GITLAB_CI } = env;
  const situation = isTrouble(read)
    ? situationOf(
        { CI, GITLAB_CI },
        { ...config, upstream: undefined, registry: undefined },
        undefined,
      )
    : read;
  const name = `${prefix}_UPSTREAM`;
  const alone = attempt(() => situationOf(env, { ...config, upstream: undefined }, registry));
  const ignored =
    config.upstream !== undefined &&
    situation.role === "upstream" &&
    !isTrouble(alone) &&
    alone.role === "fork";
  const wishes = wishesOf(prefix, (variable) => env[variable] || undefined);
  const { defaultBranch } = situation;
  const refused = attempt(() => refuseTag({ wishes, defaultBranch }, config));
  const trouble = isTrouble(refused) ? refused : undefined;
  return {
    situation,
    variables: {
      containerTag: wishes.tag === undefined ? undefined : { value: wishes.tag, trouble },
      upstream: env[name] || undefined,
      ignored,
      situation: isTrouble(read) ? read : undefined,
      serverHost: env["CI_SERVER_HOST"] || undefined,
      serverVersion: env["CI_SERVER_VERSION"] || undefined,
      tokenVariable: `${prefix}_GITLAB_TOKEN`,
    },
  };
}

function attempt<T>(read: () => T): Known<T> {
  try {
    return read();
  } catch (error) {
    return troubleOf(error);
  }
}
