/** What `berth help TOPIC` tells: short texts, with tables that come from where the program has them. */
import { type ErrorCode, errorCodes, exitCodes } from "../errors.ts";
import type { TopicName } from "./help-list.ts";
import { type Entry, tags, variablesRead, variablesWritten } from "./help-tables.ts";

export interface Topic {
  /** Paragraphs and tables, in order. */
  readonly body: readonly (string | readonly Entry[])[];
  /** The page that says more. */
  readonly page: string;
}

const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: "done",
  failed: "the build or the content failed",
  usage: "wrong use or wrong configuration; nothing was done",
  internal: "a bug of berth's own; please report it",
  unavailable: "the outside was unavailable; trying again may help, and only here",
};

function exitEntries(): readonly Entry[] {
  return Object.entries(exitCodes).map(([kind, code]) => ({
    names: [String(code)],
    meaning: exitMeanings[kind as keyof typeof exitCodes],
  }));
}

function errorEntries(): readonly Entry[] {
  return Object.values(exitCodes).flatMap((exit) => {
    const codes = Object.keys(errorCodes).filter((code) => errorCodes[code as ErrorCode] === exit);
    return codes.length === 0 ? [] : [{ names: [String(exit)], meaning: codes.join(", ") }];
  });
}

export const topics: Readonly<Record<TopicName, Topic>> = {
  keys: {
    body: [
      "A key is a SHA-256 over everything that may change what a build means. The same key means the same image, so an image whose key is in the registry is never built again.",
      [
        covered(
          "instructions",
          "of the stages that the target needs; comments, blank lines and line continuations do not count",
        ),
        covered(
          "args",
          "those that these stages declare, with the values that they have in the end",
        ),
        covered(
          "files",
          "exactly those that COPY, ADD and bind mounts reach, after the ignore file; modes count, times and owners do not",
        ),
        covered("bases", "as they are written; where a tag points today is a matter of `refresh`"),
        covered("parents", "images of the same project, by their own keys"),
        covered("settings", "target, platform, ids of secrets (never values), epoch"),
      ],
      "What git ignores is never part of a key, so that a developer's machine and CI agree. What a key cannot cover, such as an unpinned download by ADD, is an error with file and line.",
      "`berth key` prints keys without any registry; `berth explain NAME` says what makes a key another one.",
    ],
    page: "docs/architecture.md",
  },
  references: {
    body: [
      "`reference` in berth.yml, or the component's input of this name, says which way a project relies on.",
      [
        covered(
          "each",
          "(default) a variable for every image, wherever that is: by digest where it exists, by a tag that never moves where this pipeline builds it. A fork stores only what it changed",
        ),
        covered(
          "set",
          "one base and one tag for any number of images; in upstream where that has the whole set, else completed in the own registry by mounts",
        ),
        covered("classic", "the whole set is always in the project's own registry"),
      ],
      variablesWritten,
      "The variables come from `.berth/berth.env`, which the plan job gives on as a dotenv report.",
    ],
    page: "docs/outputs.md",
  },
  tags: {
    body: [
      tags,
      "A tag is written last, on what is whole. `berth prune` deletes those that nothing needs any more.",
    ],
    page: "docs/outputs.md",
  },
  variables: {
    body: [
      "<PREFIX> is `prefix` in berth.yml, BERTH where it says nothing. Flags win over variables.",
      variablesRead,
    ],
    page: "docs/outputs.md",
  },
  "exit-codes": {
    body: [
      exitEntries(),
      "Errors end with their code in brackets. The codes by exit code:",
      errorEntries(),
      "`berth run` ends as the command that it ran.",
    ],
    page: "docs/errors.md",
  },
  trust: {
    body: [
      "A key says what an image is made from, not who made it. So what counts is who may write which tag.",
      [
        covered(
          "upstream",
          "protected branches, tags and schedules are trusted; unprotected branches too, unless `trust: {unprotected: false}`. They read and write keys and sets",
        ),
        covered(
          "merge request of a fork, run in upstream",
          "untrusted: writes `try-` tags, which trusted pipelines take only after a merge and with proof",
        ),
        covered("fork", "reads upstream's registry and its own, writes its own"),
        covered(
          "own machine",
          "reads both, writes nothing unless `ensure`, `publish` or `promote` is run there",
        ),
      ],
      "The barrier is GitLab's rule for protected container tags. `berth doctor` checks that it is there and prints the one to add.",
    ],
    page: "docs/trust.md",
  },
  refresh: {
    body: [
      "A base that moved or packages of today do not change a key. In upstream's schedules an image is built again all the same, without layer caches, once it is 7 days old or its base moved; `refresh` in berth.yml says other limits, or `false`.",
      [
        covered("max_age", "the oldest layer of the image was made more than so many days ago"),
        covered(
          "follow_bases",
          "the tag of a base image points at another digest than when it was built",
        ),
        covered(
          "<PREFIX>_FORCE_REBUILD",
          "a user asks, in any pipeline: `1` for all images, or names",
        ),
      ],
      "Only that pipeline runs in the fresh images. `berth promote` moves the tags when all of it has passed, so a bad update of a distribution reaches nobody else.",
    ],
    page: "docs/configuration.md",
  },
  prune: {
    body: [
      "`berth prune` lists what would go and why; `--apply` deletes, tag by tag. What a kept branch, an open merge request or a pipeline under way needs stays, and so does everything that was tagged within 7 days.",
      "Whatever berth did not make is never touched, unless `prune.unknown` names it. When in doubt (a branch that cannot be read, a list that is not whole) no key, set or cache is deleted.",
      "`berth storage` says how many bytes the registry holds, and for whom.",
    ],
    page: "docs/prune.md",
  },
};

function covered(name: string, meaning: string): Entry {
  return { names: [name], meaning };
}
