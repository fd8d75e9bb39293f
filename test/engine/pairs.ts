/** Builds that differ in one place, as an accident or an adversary could make them. */
import type { MemoryFile } from "../support/tree.ts";

export interface Side {
  /** `BASE` stands for an image with busybox, `HOST` for its registry. */
  readonly text: string;
  /** The build's context. */
  readonly files?: Readonly<Record<string, MemoryFile>>;
  /** Of the image in berth.yml. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Other images of the set by name, each with its Dockerfile. */
  readonly images?: Readonly<Record<string, string>>;
}

export interface Pair {
  readonly sides: readonly [Side, Side];
}

type Change = Partial<Side>;

function pair(one: string | Side, other: string | Change): Pair {
  const first = typeof one === "string" ? { text: one } : one;
  const second = typeof other === "string" ? { ...first, text: other } : { ...first, ...other };
  return { sides: [first, second] };
}

/** A text with `GOOD` in one place, and with `EVIL` there. */
function marked(text: string, rest: Change = {}): Pair {
  return pair({ ...rest, text }, { text: text.replaceAll("GOOD", "EVIL") });
}

/** One text whose context holds a file with `GOOD` or `EVIL`. */
function content(text: string, path: string, rest: Change = {}): Pair {
  const files = { f: "f\n", "d/g": "g\n", ...rest.files };
  const at = (word: string) => ({ files: { ...files, [path]: `${word}\n` } });
  return pair({ ...rest, text, ...at("GOOD") }, at("EVIL"));
}

function setting(text: string, one: Side["settings"], other: Side["settings"]): Pair {
  return pair({ text, settings: one ?? {} }, { settings: other ?? {} });
}

const app = { settings: { target: "app" } };
const run = "FROM BASE\nRUN echo a > /m\n";
const final = "FROM BASE AS app\nRUN echo a > /m\n";

/** What a key does not cover: both sides must be one image. */
export const oneKey: Readonly<Record<string, Pair>> = {
  "a comment, with all that might end its line": marked(
    "FROM BASE\n# x\rRUN echo GOOD > /1\u2028RUN echo GOOD > /2\u0085RUN echo GOOD\v\fRUN GOOD \\\nRUN echo a > /m\n",
  ),
  "a comment behind white space of any kind": marked(
    "FROM BASE\n\u00a0# GOOD\n\u3000\t#GOOD\n\v\f# GOOD\nRUN echo a > /m\n# GOOD \\\n",
  ),
  "empty lines": pair(run, "\n \t\nFROM BASE\n\n\u00a0\nRUN echo a > /m\n\n\n"),
  "a directive behind a comment or an empty line": pair(
    `# x\n# escape=\`\n${run}`,
    `\n# escape=\`\n${run}`,
  ),
  "a byte order mark and no line feed at the end": pair(run, `\ufeff${run.trimEnd()}`),
  "an unneeded last stage that ends in a continuation": marked(
    `${final}FROM BASE AS x\nRUN echo GOOD \\`,
    app,
  ),
  "an unneeded stage that ends in a doubled backslash": marked(
    `FROM BASE AS x\nRUN echo GOOD > /m \\\\\n${final}`,
    app,
  ),
  "a heredoc with a stage of the target's name": marked(
    `FROM BASE AS x\nRUN <<E\nFROM BASE AS app\nRUN echo GOOD > /m\nE\n${final}`,
    app,
  ),
  "a heredoc that may hold a second stage of the target's name": marked(
    `${final}FROM BASE AS x\nRUN cat << "EXPOSE 80"\nFROM BASE AS app\nRUN echo GOOD > /m\nEXPOSE 80\n`,
    app,
  ),
  "an earlier stage of the target's name": marked(
    `FROM BASE AS APP\nRUN echo GOOD > /m\n${final}`,
    app,
  ),
  "what only an unneeded stage triggers, declares and reaches": marked(
    `FROM scratch AS x\nARG A=GOOD\nONBUILD RUN echo GOOD\nCOPY GOOD /\n${final}`,
    app,
  ),
  "a global ARG that nothing uses": marked(`ARG X=GOOD\n${run}`),
  "the stage that a FROM's variable does not choose": marked(
    "ARG W=one\nFROM BASE AS one\nRUN echo a > /m\nFROM BASE AS two\nRUN echo GOOD > /m\nFROM $W\n",
  ),
  "the number of a stage among those that count": pair(
    "FROM BASE\nRUN echo a > /m\nFROM scratch\nCOPY --from=0 /m /m\n",
    "FROM BASE AS x\nRUN echo EVIL > /m\nFROM BASE\nRUN echo a > /m\nFROM scratch\nCOPY --from=1 /m /m\n",
  ),
  "the last stage as the target by its number": setting(
    `FROM BASE AS x\n${final}`,
    {},
    { target: "1" },
  ),
  "stages behind a target by its number": pair(
    { text: run },
    { text: `${run}FROM BASE\nRUN echo EVIL > /m\n`, settings: { target: "0" } },
  ),
  "the way to the network": setting(
    run,
    { args: { no_proxy: "a" } },
    { args: { no_proxy: "b", HTTPS_PROXY: "http://127.0.0.1:9" } },
  ),
  "an arg as a number and as a text": setting(
    "FROM BASE\nARG V\nRUN echo $V > /m\n",
    { args: { V: 110 } },
    { args: { V: "110" } },
  ),
  "options of the set": setting(run, {}, { optional: true, platforms: ["linux/amd64"] }),
  "a secret's value": pair(
    {
      text: "FROM BASE\nRUN --mount=type=secret,id=s test -s /run/secrets/s\n",
      settings: { secrets: { s: { file: "0/secret" } } },
    },
    { settings: { secrets: { s: { file: "1/secret" } } } },
  ),
  "a file that a glob does not match": content("FROM scratch\nCOPY [^g]* d/? /x/\n", "gg"),
  "a file that another variable names": content("FROM scratch\nENV F=f\nCOPY ${F} /\n", "F"),
  "a file of the name of a heredoc": content("FROM BASE\nCOPY <<g /x/\na\ng\n", "g"),
  "a file beside a mounted folder": content(
    "FROM BASE\nRUN --mount=type=bind,source=d,target=/d cp -r /d /x\n",
    "e/g",
  ),
  "a file that .dockerignore names": content("FROM scratch\nCOPY . /x\n", "d/no", {
    files: { ".dockerignore": "# x\n**/no\n" },
  }),
  "a file that git ignores": content("FROM scratch\nCOPY . /x\n", "no", {
    files: { ".gitignore": "no\n" },
  }),
  "the spelling of .dockerignore": pair(
    { text: "FROM scratch\nCOPY f k /x/\n", files: { f: "f", k: "k", ".dockerignore": "d" } },
    { files: { f: "f", k: "k", ".dockerignore": "\ufeff# x\n\n./d/ \n" } },
  ),
  "a comment of a parent": pair(
    { text: "FROM set/one-parent\n", images: { "one-parent": run } },
    { images: { "one-parent": `# EVIL\n${run}` } },
  ),
  "an escape behind a syntax": marked(
    `# syntax=HOST/docker/dockerfile:1\n# escape=\`\n${final.trimEnd()} \\\nFROM BASE AS x\nRUN echo GOOD > /m\n`,
    app,
  ),
};

/** What may change the image: two keys. */
export const twoKeys: Readonly<Record<string, Pair>> = {
  "another frontend": marked(`# syntax=HOST/GOOD:1\n${run}`),
  "another frontend, before a line separator": marked(`# syntax=HOST/GOOD:1 \u2028\n${run}`),
  "another frontend, before a carriage return": marked(`# syntax=HOST/GOOD:1 \rx\n${run}`),
  "a comment that a foreign frontend may read": marked(`# syntax=HOST/x:1\n${run}# GOOD\n`),
  "the escape character": pair(`# escape=\\\n${run}`, `# escape=\`\n${run}`),
  "carriage returns": pair(run, run.replaceAll("\n", "\r\n")),
  "a line separator in a command": pair(
    "FROM BASE\nRUN echo a b > /m\n",
    "FROM BASE\nRUN echo a\u2028b > /m\n",
  ),
  "a comment between the lines of a command": pair(
    "FROM BASE\nRUN echo a \\\n# b \\\n  > /m\n",
    "FROM BASE\nRUN echo a \\\n  # b \\\n  > /m\n",
  ),
  "JSON and shell": pair('FROM BASE\nCMD ["echo", "a"]\n', "FROM BASE\nCMD ['echo', 'a']\n"),
  quotes: pair('FROM BASE\nENV A="b c"\n', "FROM BASE\nENV A='b c'\n"),
  "the old and the new ENV": pair("FROM BASE\nENV A b=c\n", "FROM BASE\nENV A=b=c\n"),
  "an escaped dollar": pair("FROM BASE\nENV A=\\$B\n", "FROM BASE\nENV A=$B\n"),
  "quotes of a heredoc's name": pair(
    "FROM BASE\nCOPY <<E /m\n$HOME\nE\n",
    "FROM BASE\nCOPY <<'E' /m\n$HOME\nE\n",
  ),
  "tabs of a heredoc": pair(
    "FROM BASE\nRUN <<E\n\techo a\nE\n",
    "FROM BASE\nRUN <<-E\n\techo a\nE\n",
  ),
  "an empty line and a comment in a heredoc": pair(
    "FROM BASE\nCOPY <<E /m\na\n#b\nE\n",
    "FROM BASE\nCOPY <<E /m\na\n\n#b\nE\n",
  ),
  "a blank behind the end of a heredoc": pair(
    "FROM BASE\nCOPY <<E /m\na\nE\n",
    "FROM BASE\nCOPY <<E /m\na\nE \nE\n",
  ),
  "an ARG's default": marked("FROM BASE\nARG X=GOOD\nLABEL x=$X\n"),
  "a global ARG's default": marked("ARG X=GOOD\nFROM BASE\nARG X\nLABEL x=$X\n"),
  "an ARG with an empty value": pair(
    "FROM BASE\nARG X\nENV Y=${X-z}\n",
    "FROM BASE\nARG X=\nENV Y=${X-z}\n",
  ),
  "the ARG that another is made from": marked(
    "ARG A=GOOD\nARG B=b-$A\nFROM BASE\nARG B\nLABEL x=$B\n",
  ),
  "ENV before and behind its use": pair(
    "FROM BASE\nENV A=1\nENV B=$A\n",
    "FROM BASE\nENV B=$A\nENV A=1\n",
  ),
  "an arg that only a trigger uses": pair(
    {
      text: "FROM set/two-trigger\n",
      images: { "two-trigger": "FROM BASE\nONBUILD ARG X\nONBUILD RUN echo $X > /m\n" },
      settings: { args: { X: "GOOD" } },
    },
    { settings: { args: { X: "EVIL" } } },
  ),
  "a proxy that the file declares": setting(
    "FROM BASE\nARG no_proxy\nRUN echo $no_proxy\n",
    { args: { no_proxy: "a" } },
    { args: { no_proxy: "b" } },
  ),
  "an arg that steers BuildKit": setting(
    run,
    { args: { BUILDKIT_SANDBOX_HOSTNAME: "a" } },
    { args: { BUILDKIT_SANDBOX_HOSTNAME: "b" } },
  ),
  "the time of a build": setting(
    run,
    { args: { SOURCE_DATE_EPOCH: 1 } },
    { args: { SOURCE_DATE_EPOCH: 2 } },
  ),
  "the target": setting("FROM BASE AS x\nFROM BASE AS y\n", { target: "x" }, { target: "y" }),
  "an engine's own arg": marked("FROM BASE\nARG TARGETARCH=GOOD\nRUN echo $TARGETARCH\n"),
  "two stages exchanged by number": pair(
    "FROM BASE\nRUN echo a > /m\nFROM BASE\nRUN echo b > /m\nFROM scratch\nCOPY --from=0 /m /a\nCOPY --from=1 /m /b\n",
    "FROM BASE\nRUN echo a > /m\nFROM BASE\nRUN echo b > /m\nFROM scratch\nCOPY --from=1 /m /a\nCOPY --from=0 /m /b\n",
  ),
  "what a copied link leads to": content("FROM scratch\nCOPY l /x\n", "d/g", {
    files: { l: { link: "d/g" } },
  }),
  "what a link on the way leads to": content("FROM scratch\nCOPY l/g /x\n", "d/g", {
    files: { l: { link: "d" } },
  }),
  "a file that a glob matches": content("FROM scratch\nCOPY [a-h]* /x/\n", "g"),
  "a file that may be named by the base": content("FROM BASE\nCOPY ${F:-f} /x/\n", "other"),
  "a file in JSON with an escape": content('FROM scratch\nCOPY ["\\u0066", "/"]\n', "f"),
  "a mounted file": content(
    'FROM BASE\nRUN --mount="type=bind,source=f,target=/f" cp /f /m\n',
    "f",
  ),
  "a mounted file through a link": content(
    "FROM BASE\nRUN --mount=type=bind,source=l,target=/l cp /l/g /m\n",
    "d/g",
    { files: { l: { link: "d" } } },
  ),
  "a file of a context that is mounted whole": content(
    "FROM BASE\nRUN --mount=target=/c cp /c/d/g /m\n",
    "d/g",
  ),
  "a file of a cache mount's beginning": content(
    "FROM scratch AS x\nCOPY f /\nFROM BASE\nRUN --mount=type=cache,from=x,target=/c cp /c/f /m\n",
    "f",
  ),
  "a file that a trigger copies": pair(
    {
      text: "FROM set/two-onbuild\n",
      images: { "two-onbuild": "FROM BASE\nONBUILD COPY . /x\n" },
      files: { f: "GOOD" },
    },
    { files: { f: "EVIL" } },
  ),
  "an exception of .dockerignore": pair(
    { text: "FROM scratch\nCOPY . /x\n", files: { a: "a", f: "f", ".dockerignore": "*\n!a\n" } },
    { files: { a: "a", f: "f", ".dockerignore": "*\n!f\n" } },
  ),
};
