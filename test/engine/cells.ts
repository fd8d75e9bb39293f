/** Every instruction and every kind of change to it, as pairs of builds of which the second must not be the first. */
import type { MemoryFile } from "../support/tree.ts";

/** One image before and after a change. */
export interface Cell {
  readonly name: string;
  readonly dockerfile: (version: Version) => string;
  /** A build arg `V` of the version. */
  readonly configured?: true;
  readonly files?: (version: Version) => Readonly<Record<string, MemoryFile>>;
}

/** Before and after; also a signal, a port's last digit and a user that exists. */
export type Version = 1 | 2;

/** Instructions that hold the value of an ARG: by turns a configured one, and one with a global default. */
const valued: Readonly<Record<string, string>> = {
  ENV: "ENV A=x-$V",
  LABEL: "LABEL a=$V",
  USER: "USER $V",
  WORKDIR: "WORKDIR /w$V",
  VOLUME: "VOLUME /v$V",
  EXPOSE: "EXPOSE 800$V",
  STOPSIGNAL: "STOPSIGNAL $V",
  "ENV of ENV": "ENV B=$V\nENV A=$B",
  "ENV before COPY": "ENV A=$V\nCOPY same /d",
  RUN: "RUN echo $V > /v",
  "COPY to a path": "COPY same /d$V",
  "COPY of a path": "COPY f$V /d",
  "ADD of a path": "ADD f$V /d",
  "ADD to a path": "ADD same /d$V",
  "COPY for an owner": "COPY --chown=$V same /d\nRUN stat -c %u /d > /owner",
  "ARG of ARG": "ARG W=$V\nRUN echo $W > /v",
  "RUN by its environment": "RUN env | grep ^V= > /v",
};

const same = { same: "same\n", f1: "1\n", f2: "2\n" };

const args = Object.entries(valued).map(([what, text], index): Cell => {
  const isGlobal = index % 2 === 1;
  return {
    name: `${what} with ${isGlobal ? "a global default" : "a configured ARG"}`,
    dockerfile: (v) => `${isGlobal ? `ARG V=${v}\n` : ""}FROM base\nARG V\n${text}\n`,
    files: () => same,
    ...(isGlobal ? {} : { configured: true }),
  };
});

/** Of instructions that only set something, which engines compare as they are written, one. */
const written: Readonly<Record<string, (v: Version) => string>> = {
  ENV: (v) => `ENV A=${v}`,
  CMD: (v) => `CMD echo ${v}`,
  ONBUILD: (v) => `ONBUILD RUN echo ${v}`,
  RUN: (v) => `RUN echo ${v} > /v`,
  "RUN as JSON": (v) => `RUN ["touch", "/${v}"]`,
  "SHELL before RUN": (v) => `SHELL ["/bin/sh", "-c${v === 1 ? "" : "f"}"]\nRUN echo * > /v`,
  "ENV before RUN": (v) => `ENV A=${v}\nRUN echo $A > /v`,
  "WORKDIR before RUN": (v) => `WORKDIR /w${v}\nRUN touch here`,
  "COPY to a path": (v) => `COPY same /d${v}`,
  "COPY with a mode": (v) => `COPY --chmod=64${v} same /d`,
  "ADD to a path": (v) => `ADD same /d${v}`,
  "COPY from a stage whose text changed": (v) =>
    `RUN echo ${v} > /v\nFROM base\nCOPY --from=s /v /v`,
};

const texts: readonly Cell[] = Object.entries(written).map(([what, text]) => ({
  name: `${what} of another text`,
  dockerfile: (v) => `FROM base AS s\n${text(v)}\n`,
  files: () => same,
}));

const contents: Readonly<Record<string, readonly [string, (v: Version) => MemoryFile]>> = {
  "another content": ["x", (v) => `${v}`],
  "another link": ["d/x", (v) => ({ link: `${v}` })],
  "another length": ["x", (v) => "x".repeat(v)],
  "another mode": ["x", (v) => (v === 1 ? "x" : { exec: "x" })],
  "a link for a file": ["d/x", (v) => (v === 1 ? "x" : { link: "x" })],
  "another file in a folder": ["d/x", (v) => `${v}`],
};

/** How files come into an image: COPY with every kind of change, each of the others with two of them, by turns. */
const readers: Readonly<Record<string, (path: string) => string>> = {
  COPY: (path) => `COPY ${path} /to/`,
  ADD: (path) => `ADD ${path} /to/`,
  "COPY and RUN": (path) => `COPY ${path} /to/\nRUN ls -l /to > /list; cat /to/* >> /list; true`,
  "COPY from a stage": (path) => `COPY ${path} /to/\nFROM base\nCOPY --from=s /to /to`,
  "RUN with a mount": (path) =>
    `RUN --mount=type=bind,source=${path},target=/m ls -l /m > /list; cat /m /m/* >> /list; true`,
  "RUN with a mount of a stage": (path) =>
    `COPY ${path} /to/\nFROM base\nRUN --mount=from=s,source=/to,target=/m ls -l /m > /list; cat /m/* >> /list; true`,
};

const kinds = Object.entries(contents);

const files: readonly Cell[] = Object.entries(readers).flatMap(([reader, text], index) =>
  kinds
    .filter(
      (_, at) => index === 0 || at === index % kinds.length || at === (index + 2) % kinds.length,
    )
    .map(([what, [path, file]]): Cell => {
      const source = path.includes("/") ? "d" : path;
      return {
        name: `${reader} of ${what}`,
        dockerfile: () => `FROM base AS s\n${text(source)}\n`,
        files: (v) => ({ ...same, "d/y": "y", [path]: file(v) }),
      };
    }),
);

const heredocs: readonly Cell[] = Object.entries({
  "RUN heredoc": (v: Version) => `RUN <<EOF\necho ${v} > /v\nEOF`,
  "RUN heredoc as input": (v: Version) => `ARG X=1\nRUN cat <<.X > /v\n${v}\n.X`,
  "COPY heredoc": (v: Version) => `ARG X=1\nCOPY <<EOF /v\n${v}\nEOF`,
  "ADD heredoc": (v: Version) => `ARG X=1\nADD <<EOF /v\n${v}\nEOF`,
}).map(([what, text]) => ({
  name: `${what} of another body`,
  dockerfile: (v: Version) => `FROM base\n${text(v)}\n`,
}));

export const cells: readonly Cell[] = [...args, ...texts, ...files, ...heredocs];
