/** Dockerfiles at random, with the args and the target that they are built for. */
import { type Dice, diceOf } from "./dice.ts";
import type { Text } from "./engines.ts";
import { arg, instruction, type Words } from "./instructions.ts";

const images = ["debian:13", "alpine", "qemu/b", "scratch", "$IMG", "${IMG:-debian:13}", "a$A"];

/** The same texts from the same seed. */
export function* texts(seed: number, count: number): Generator<Text> {
  const dice = diceOf(seed);
  for (let made = 0; made < count; made++) yield dice.chance(0.3) ? tiny(dice) : full(dice);
}

function full(dice: Dice): Text {
  const escapeWith = dice.chance(0.06) ? "`" : "\\";
  const count = 1 + dice.below(4);
  const known = ["base", "b", "c", "Last"].slice(0, count);
  const stages = [...known, "0", "1", "alpine", dice.one(["2", "B", "$A", "nowhere"])];
  const words: Words = { dice, escapeWith, stages };
  const globals = [
    ...(dice.chance(0.9) ? ["ARG A IMG=alpine"] : []),
    ...dice.some(0, 2, () => arg(words)),
  ];
  const lines = [...directives(dice, escapeWith), ...globals];
  for (const [index, name] of known.entries()) {
    lines.push(from(words, known.slice(0, index), name));
    lines.push(...dice.some(0, 6, () => instruction(words)));
  }
  return built(dice, layout(dice, lines, escapeWith), [...known, "0", "1"]);
}

function directives(dice: Dice, escapeWith: string): readonly string[] {
  const lines = escapeWith === "`" ? ["# escape=`"] : [];
  if (dice.chance(0.1))
    lines.unshift(
      dice.one(["# syntax=x/other", "# syntax=docker/dockerfile:1", "# check=skip=all"]),
    );
  if (dice.chance(0.03))
    lines.push(
      dice.one(["#syntax=x/other", "# escape=\\", "#!/x", "# comment", "# check=error=true"]),
    );
  return lines;
}

function from({ dice }: Words, earlier: readonly string[], name: string): string {
  const base = earlier.length > 0 && dice.chance(0.5) ? dice.one(earlier) : dice.one(images);
  const platform = dice.chance(0.08)
    ? dice.one(["--platform=linux/arm64 ", "--platform=$TARGETPLATFORM "])
    : "";
  return `FROM ${platform}${base}${dice.chance(0.8) ? dice.one([` AS ${name}`, ` as ${name}`]) : ""}`;
}

/** Puts comments, empty lines and indentation where they mean nothing, so between instructions. */
function layout(dice: Dice, instructions: readonly string[], escapeWith: string): string {
  const lines = instructions.flatMap((text) => {
    const before = dice.some(0, dice.chance(0.25) ? 3 : 0, () =>
      dice.one(["", "  ", "# comment", `# comment ${escapeWith}`, "# <<EOF", "\t# it's"]),
    );
    return [...before, dice.chance(0.1) && !text.startsWith("#") ? `  ${text}` : text];
  });
  const end = dice.one(["\n", "\n", "", "\n\n", " \n# end"]);
  const text = (dice.chance(0.02) ? "\uFEFF" : "") + lines.join("\n") + end;
  return dice.chance(0.03) ? text.replaceAll("\n", "\r\n") : text;
}

/** A base that leaves triggers. */
const triggers = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [`sha256:${"a".repeat(64)}`] },
  config: { Env: ["PATH=/bin", "C=1"], OnBuild: ["ARG V=w", "RUN on $V $A", "COPY t /t"] },
};

function built(dice: Dice, text: string, targets: readonly string[]): Text {
  const args: Record<string, string> = {};
  for (const name of [
    ...["A", "B", "V", "IMG", "UNUSED", "http_proxy", "BUILDKIT_X", "SOURCE_DATE_EPOCH"],
  ]) {
    if (dice.chance(0.12)) args[name] = dice.one(["1", "b", "x y", ""]);
  }
  return {
    text,
    args,
    ...(dice.chance(0.05) ? { bases: { "*": triggers } } : {}),
    target: dice.chance(0.3) ? dice.one(targets) : undefined,
    platform: dice.chance(0.1) ? "linux/arm64" : "linux/amd64",
  };
}

/** Few lines of a small alphabet, so that many texts share a key. */
const alphabet = [
  ...["ARG A", "ARG A=1", "ARG B=$A", "ARG IMG=b", "FROM alpine", "FROM alpine AS b"],
  ...["FROM alpine AS c", "FROM b", "FROM b AS c", "FROM $IMG", "FROM scratch AS d"],
  ...["COPY --from=b /x /y", "COPY --from=0 /x /y", "COPY --from=1 /x /y"],
  ...["COPY --from=$A /x /y", "RUN --mount=from=b,target=/t x", "RUN a $A", "RUN a \\", "  b"],
  ...["ENV A=2", "ENV C=$A", "ONBUILD COPY --from=0 /x /z", "RUN <<EOF", "EOF", "# c", ""],
  "# escape=`",
];

function tiny(dice: Dice): Text {
  const lines = ["FROM alpine AS b", ...dice.some(1, 6, () => dice.one(alphabet))];
  if (dice.chance(0.3)) lines.unshift(dice.one(alphabet));
  const args = dice.chance(0.2) ? { [dice.one(["A", "IMG"])]: dice.one(["0", "b", "1"]) } : {};
  const target = dice.chance(0.2) ? dice.one(["b", "c", "0", "1"]) : undefined;
  return { text: `${lines.join("\n")}\n`, args, target, platform: "linux/amd64" };
}
