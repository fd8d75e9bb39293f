/** Instructions at random: mostly right, with everything in them that parsers stumble over. */
import type { Dice } from "./dice.ts";

const names = ["A", "B", "V", "X", "IMG", "TARGETARCH", "TARGETPLATFORM", "http_proxy"];

export interface Words {
  readonly dice: Dice;
  /** The escape character of the file. */
  readonly escapeWith: string;
  /** Names of stages, of images and their like. */
  readonly stages: readonly string[];
}

export function variable({ dice }: Words): string {
  const name = dice.one(names);
  if (dice.chance(0.5)) return `$${name}`;
  if (dice.chance(0.4)) return `\${${name}}`;
  const operators = [
    ...[":-d", "-", ":+y", ":-${B}", "#*.", "%.*", "%%-*"],
    ...["/a/b", "//a/", ":-'q r'", ":?", "?no", "##*/", "%/*", "#x", "/[a-y]/b"],
  ];
  return `\${${name}${dice.one(operators)}}`;
}

export function word(words: Words): string {
  const { dice, escapeWith } = words;
  const rare = [
    ...["$$", "$1", `${escapeWith}$A`, `${escapeWith}x`, "'$A'"],
    ...['"a b"', `"${escapeWith}"q"`, "é", `a${escapeWith} b`],
  ];
  const part = (): string => {
    if (dice.chance(0.25)) return variable(words);
    return dice.chance(0.08) ? dice.one(rare) : dice.one(["a", "b", "1", "x/y", "/w", "."]);
  };
  return dice.some(1, dice.chance(0.3) ? 3 : 1, part).join("");
}

function heredoc(words: Words, command: string, after: string): string {
  const { dice } = words;
  const name = dice.one(["EOF", "E", "EOF"]);
  const opening = dice.one([`<<${name}`, `<<-${name}`, `<<'${name}'`, `<<"${name}"`, `<< ${name}`]);
  const line = (): string =>
    dice.one([
      ...["a $A ${B:-c}", "", "# no comment", "FROM b", `x ${words.escapeWith}`],
      ...["\techo", "#!/bin/x"],
      dice.chance(0.3) ? "it's" : "b",
      dice.chance(0.2) ? `y ${words.escapeWith}${words.escapeWith}` : "$V",
    ]);
  const end = opening.startsWith("<<-") && dice.chance(0.5) ? `\t${name}` : name;
  return [`${command} ${opening}${after}`, ...dice.some(0, 3, line), end].join("\n");
}

function mount({ dice, stages }: Words): string {
  return `--mount=${dice.one([
    ...["type=cache,target=/c", "target=/t", "type=bind,source=s,target=/t,readonly"],
    `type=bind,from=${dice.one(stages)},target=/t`,
    `from=${dice.one(stages)},src=/x,dst=/t,rw`,
    ...[`type=cache,from=${dice.one(stages)},target=/t`, "type=secret,id=a"],
    "type=tmpfs,target=/m",
    dice.chance(0.3) ? "type=ssh" : "type=cache,target=/${A}",
    dice.chance(0.2) ? "type=bind,from=0,target=/t" : "type=bind,target=/u",
  ])}`;
}

function run(words: Words): string {
  const { dice, escapeWith } = words;
  const flags = dice.some(0, dice.chance(0.25) ? 2 : 0, () => mount(words));
  const command = ["RUN", ...flags].join(" ");
  if (dice.chance(0.15))
    return heredoc(
      words,
      `${command} cat`,
      dice.one(["", "", " > /f", " <<E2\nq\nE2"].slice(0, 3)),
    );
  if (dice.chance(0.1)) return heredoc(words, command, "");
  const texts = [
    ...["make $A", `a ${escapeWith}\n  b`, `a ${escapeWith}\n# comment\n\n  b $V`],
    ...['["a", "$A"]', "echo ${A} $((1 << 2))", "a && b # c"],
    ...[`echo ${variable(words)} "x${escapeWith}${escapeWith}"`, "--network=none x"],
    dice.chance(0.1) ? '["a"] && b' : "x",
    dice.chance(0.1) ? `a ${escapeWith}${escapeWith}` : "y",
  ];
  return `${command} ${dice.one(texts)}`;
}

function copy(words: Words): string {
  const { dice, stages } = words;
  const keyword = dice.one(["COPY", "COPY", "ADD"]);
  const from = keyword === "COPY" && dice.chance(0.5) ? [`--from=${dice.one(stages)}`] : [];
  const flags = dice.chance(0.2)
    ? [dice.one(["--chown=a:b", "--chown=$A", "--chmod=755", "--link"])]
    : [];
  const command = [keyword, ...from, ...flags].join(" ");
  if (from.length === 0 && dice.chance(0.15)) return heredoc(words, command, " /h");
  if (dice.chance(0.1)) return `${command} ["s", "/d e"]`;
  return `${command} ${dice.one(["s", "a/*", ".", word(words)])} ${dice.one(["/d", "d/", word(words)])}`;
}

function pair(words: Words): string {
  const name = words.dice.one(["A", "B", "E", "X"]);
  return `${name}=${word(words)}`;
}

export function arg(words: Words): string {
  const { dice } = words;
  const one = (): string => {
    const name = dice.one([
      "A",
      "B",
      "V",
      "X",
      dice.one([...names, "SOURCE_DATE_EPOCH", "BUILDKIT_X", "TARGETSTAGE"]),
    ]);
    return dice.chance(0.4) ? name : `${name}=${word(words)}`;
  };
  return `ARG ${dice.some(1, dice.chance(0.15) ? 2 : 1, one).join(" ")}`;
}

const plain: readonly ((words: Words) => string)[] = [
  run,
  run,
  run,
  copy,
  copy,
  arg,
  arg,
  (words) => `ENV ${words.dice.some(1, 2, () => pair(words)).join(" ")}`,
  (words) => `ENV ${words.dice.one(["A", "B"])} ${word(words)} ${word(words)}`,
  (words) => `LABEL ${words.dice.some(1, 2, () => pair(words)).join(` ${words.escapeWith}\n  `)}`,
  (words) => `WORKDIR ${word(words)}`,
  (words) => `USER ${word(words)}`,
  ({ dice }) =>
    dice.one([
      "EXPOSE 80",
      "EXPOSE 80/tcp $A",
      "EXPOSE 80/udp",
      "VOLUME /v",
      'VOLUME ["/v w"]',
      "STOPSIGNAL 9",
    ]),
  ({ dice }) =>
    dice.one(["CMD a $A", 'CMD ["a"]', "ENTRYPOINT b", 'ENTRYPOINT ["b", "c"]', "CMD []"]),
  ({ dice }) =>
    dice.one([
      "HEALTHCHECK NONE",
      "HEALTHCHECK --retries=2 CMD a",
      'SHELL ["/bin/b", "-c"]',
      "MAINTAINER m",
    ]),
];

export function instruction(words: Words): string {
  const { dice } = words;
  const text = dice.one(plain)(words);
  if (dice.chance(0.05) && !/^(MAINTAINER|ONBUILD)/.test(text)) return `ONBUILD ${text}`;
  return dice.chance(0.1) ? text.replace(/^[A-Z]+/, (keyword) => keyword.toLowerCase()) : text;
}
