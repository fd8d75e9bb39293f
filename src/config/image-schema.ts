/** The grammar of an image in `berth.yml`, and the forms that all parts of the grammar share. */

import { ownMember } from "../json.ts";
import { didYouMean } from "../nearest.ts";
import * as z from "../zod.ts";
import {
  imageNameRule,
  imagePathRule,
  pathRule,
  platformRule,
  type Rule,
  secretIdRule,
  variableRule,
} from "./rules.ts";

/** A text that a rule has no objection to; `pattern` tells editors as much of the rule as they can check. */
export function text(rule: Rule, pattern?: string) {
  const checked = z.string().superRefine((value, context) => {
    const mistake = rule(value);
    if (mistake !== undefined) {
      context.addIssue({ code: "custom", message: `${JSON.stringify(value)}: ${mistake}` });
    }
  });
  return pattern === undefined ? checked : checked.meta({ pattern });
}

/** Settings that are no more, and what to do instead. */
const gone: Readonly<Record<string, string>> = {
  trust:
    "take it out: GitLab says whom to believe, by the rules for protected repositories that `berth doctor` prints",
};

function unknownKey(key: string, known: readonly string[]): string {
  const found = ownMember(gone, key);
  const instead = found === undefined ? didYouMean(key, known) : `; ${found}`;
  return `unknown key ${JSON.stringify(key)}${instead}`;
}

/** An object that refuses keys it does not know, one line of message for each. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(key, known)).join("\n")
        : undefined,
  });
}

const secrets = z
  .union([
    z.array(text(variableRule, "^[A-Za-z_][A-Za-z0-9_]*$")),
    z.record(
      text(secretIdRule),
      z.union([
        strict({
          env: text(variableRule, "^[A-Za-z_][A-Za-z0-9_]*$").describe(
            "The variable that holds the secret.",
          ),
        }),
        strict({ file: z.string().min(1).describe("The file that holds the secret.") }),
      ]),
    ),
  ])
  .describe(
    "Build secrets (`RUN --mount=type=secret`): a list of environment variables, each its own id, or a map from id to `{env: NAME}` or `{file: PATH}`. Only ids are part of a key, never values.",
  );

export const options = {
  context: text(pathRule)
    .optional()
    .describe(
      "The folder of the build context, from the repository's top. Default: for a plain `Dockerfile` or `Containerfile` its own folder, for any other name (`fedora.docker`) the top.",
    ),
  args: z
    .record(
      text(variableRule, "^[A-Za-z_][A-Za-z0-9_]*$"),
      z.union([z.string(), z.number(), z.boolean()]),
    )
    .optional()
    .describe(
      "Build arguments. Numbers and booleans are passed as they are spelt, so `3.10` stays `3.10`.",
    ),
  target: z.string().min(1).optional().describe("The stage to build. Default: the last one."),
  platforms: z
    .array(text(platformRule, "^linux/"))
    .min(1)
    .max(1)
    .optional()
    .describe("The platform to build for; one per image today. Default: `[linux/amd64]`."),
  secrets: secrets.optional(),
  epoch: z
    .union([z.string(), z.number()])
    .optional()
    .describe("Any text. Another text is another key, so changing it builds the image anew."),
  optional: z
    .boolean()
    .optional()
    .describe("The image may fail without failing the set. Default: `false`."),
  onbuild: z
    .boolean()
    .optional()
    .describe(
      "The base image has ONBUILD instructions, so the whole context counts. Default: `false`.",
    ),
  allow_add: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "Sources of ADD (URLs, git repositories) that may be fetched although nothing pins what they hold.",
    ),
};

const dockerfile = text(pathRule).describe("Path of the Dockerfile, from the repository's top.");

const named = strict({ dockerfile, ...options });

const listed = strict({
  name: text(imageNameRule, "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$")
    .optional()
    .describe("Name of the image: one component of a repository. Default: made from the path."),
  dockerfile,
  ...options,
});

export const images = z
  .union([
    text(imagePathRule),
    z.array(z.union([text(imagePathRule), listed])),
    z.record(
      text(imageNameRule, "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$"),
      z.union([text(pathRule), named]),
    ),
  ])
  .describe(
    "The images: a path or glob (`*`, `**`, `?`, `{a,b}`), a list of paths, globs and objects, or a map from name to path or object. An object says more about a Dockerfile that a glob of the same list finds. Default: every `Dockerfile`, `Dockerfile.NAME`, `NAME.Dockerfile`, `NAME.docker` and the like with `Containerfile`.",
  );
