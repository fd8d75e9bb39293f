/** The grammar of an image in `berth.yml`, and the forms that all parts of the grammar share. */

import { didYouMean } from "../nearest.ts";
import * as z from "../zod.ts";
import { nameMistake } from "./names.ts";
import {
  imagePathRule,
  pathRule,
  platformRule,
  type Rule,
  secretIdRule,
  variableRule,
} from "./rules.ts";

/** A text that a rule has no objection to; `pattern` tells editors as much of the rule as they can check. */
export function text(rule: Rule, pattern?: string) {
  const checked = z.string().check(
    z.superRefine((value, context) => {
      const mistake = rule(value);
      if (mistake !== undefined) {
        context.addIssue({ code: "custom", message: `${JSON.stringify(value)}: ${mistake}` });
      }
    }),
  );
  return pattern === undefined ? checked : z.noted(checked, { pattern });
}

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key ${JSON.stringify(key)}${didYouMean(key, known)}`;
}

/** An object that refuses keys it does not know, one line of message for each. */
export function strict<Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(key, known)).join("\n")
        : undefined,
  });
}

/** A text that is not empty. */
export const filled = z.string().check(z.minLength(1));
const variable = text(variableRule, "^[A-Za-z_][A-Za-z0-9_]*$");

const secrets = z.told(
  "Build secrets (`RUN --mount=type=secret`): a list of environment variables, each its own id, or a map from id to `{env: NAME}` or `{file: PATH}`. Only ids are part of a key, never values.",
  z.union([
    z.array(variable),
    z.record(
      text(secretIdRule),
      z.union([
        strict({ env: z.told("The variable that holds the secret.", variable) }),
        strict({ file: z.told("The file that holds the secret.", filled) }),
      ]),
    ),
  ]),
);

export const options = {
  context: z.told(
    "The folder of the build context, from the repository's top. Default: for a plain `Dockerfile` or `Containerfile` its own folder, for any other name (`fedora.docker`) the top.",
    z.optional(text(pathRule)),
  ),
  args: z.told(
    "Build arguments. Numbers and booleans are passed as they are spelt, so `3.10` stays `3.10`.",
    z.optional(z.record(variable, z.union([z.string(), z.number(), z.boolean()]))),
  ),
  target: z.told("The stage to build. Default: the last one.", z.optional(filled)),
  platforms: z.told(
    "The platforms to build for; of several each is a build of its own, and the image an index over them. Default: `[linux/amd64]`.",
    z.optional(z.array(text(platformRule, "^linux/")).check(z.minLength(1))),
  ),
  secrets: z.optional(secrets),
  epoch: z.told(
    "Any text. Another text is another key, so changing it builds the image anew.",
    z.optional(z.union([z.string(), z.number()])),
  ),
  optional: z.told(
    "The image may fail without failing the set. Default: `false`.",
    z.optional(z.boolean()),
  ),
  onbuild: z.told(
    "The base image has ONBUILD instructions, so the whole context counts. Default: `false`.",
    z.optional(z.boolean()),
  ),
  allow_add: z.told(
    "Sources of ADD (URLs, git repositories) that may be fetched although nothing pins what they hold.",
    z.optional(z.array(filled)),
  ),
};

const dockerfile = z.told("Path of the Dockerfile, from the repository's top.", text(pathRule));
const name = text(nameMistake, "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$");

const named = strict({ dockerfile, ...options });

const listed = strict({
  name: z.told(
    "Name of the image: one component of a repository. Default: made from the path.",
    z.optional(name),
  ),
  dockerfile,
  ...options,
});

export const images = z.told(
  "The images: a path or glob (`*`, `**`, `?`, `{a,b}`), a list of paths, globs and objects, or a map from name to path or object. An object says more about a Dockerfile that a glob of the same list finds. Default: every file that is called like a Dockerfile, such as `Dockerfile.NAME`, `NAME.Dockerfile`, `NAME.docker` or `Containerfile`.",
  z.union([
    text(imagePathRule),
    z.array(z.union([text(imagePathRule), listed])),
    z.record(name, z.union([text(pathRule), named])),
  ]),
);
