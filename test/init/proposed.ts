/** What `init` proposes for a project, shown to be of use: images have keys, and GitLab takes the include. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { defaultConfig } from "../../src/config/config.ts";
import { stateOf } from "../../src/config/load.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { Pipelines } from "../../src/doctor/evaluate.ts";
import { propose } from "../../src/init/propose.ts";
import { pathsOf, type Remotes } from "../../src/init/remotes.ts";
import { surveyTree } from "../../src/init/survey.ts";
import { readCi } from "../doctor/ci.ts";
import { memoryTree } from "../support/tree.ts";

type Files = Readonly<Record<string, string>>;

export async function proposed(files: Files, remotes: Remotes = {}) {
  const survey = await surveyTree(memoryTree(files), pathsOf(remotes));
  const { tree } = survey;
  const proposal = propose(survey, { remotes, version: "1.2.3" });
  const { config: text } = proposal;
  const config = text === undefined ? defaultConfig : parseConfig(text, "berth.yml");
  const identified = await (await stateOf(tree, config)).identify();
  assert.ok(!identified.warnings.some(({ message }) => message.startsWith("exclude")));
  const names = identified.images.map(({ name }) => name);
  if (survey.pipeline !== undefined || files[ci] === undefined)
    await refusesNoMore(files, proposal.include, { config, images: names, own: "acme/widget" });
  // As GitLab does.
  const include = parse(proposal.include, { version: "1.1" }) as {
    include: { component: string; inputs?: object }[];
  };
  return {
    ...proposal,
    built: survey.built,
    settings: text === undefined ? {} : (parse(text) as Record<string, unknown>),
    names,
    inputs: Object.fromEntries(
      include.include.map(({ component, inputs = {} }) => [
        /\/(\w+)@1\.2\.3$/.exec(component)?.[1] ?? component,
        inputs,
      ]),
    ),
  };
}

const ci = ".gitlab-ci.yml";

/** GitLab refuses nothing with the include that it takes without. */
async function refusesNoMore(files: Files, include: string, around: Parameters<typeof readCi>[1]) {
  const { [ci]: own = "hello: { script: make }\n" } = files;
  const both = "include: [{ local: own.yml }, { local: include.yml }]\n";
  const moved = { ...files, [ci]: both, "own.yml": own, "include.yml": include };
  const before = refusals(await readCi({ ...files, [ci]: own }, around));
  assert.deepEqual(refusals(await readCi(moved, around)), before);
}

/** What GitLab would say in each situation. */
function refusals(pipelines: Pipelines | undefined): readonly string[] {
  assert.ok(pipelines !== undefined && pipelines.read.length > 5);
  return pipelines.read.flatMap(({ title, reading }) =>
    "errors" in reading ? reading.errors.map((error) => `${title}: ${error}`) : [],
  );
}
