/** Every instruction and every kind of change to it, as pairs of builds of which the second must not be the first. */
import type { MemoryFile } from "../support/tree.ts";

/** One image before and after a change. */
export interface Cell {
  readonly name: string;
  readonly dockerfile: (version: Version) => string;
  /** A build arg `V` of the version. */
  readonly configured?: true;
  readonly files?: (version: Version) => Readonly<Record<string, MemoryFile>>;
  readonly heredocs?: true;
}

/** Before and after; also a signal, a port's last digit and a user that exists. */
export type Version = 1 | 2;

/** Instructions that hold the value of an ARG, however that is declared. */
const valued: Readonly<Record<string, string>> = {
  ENV: "ENV A=x-$V",
  LABEL: "LABEL a=$V",
  USER: "USER $V",
  WORKDIR: "WORKDIR /w$V",
  VOLUME: "VOLUME /v$V",
  EXPOSE: "EXPOSE 800$V",
  STOPSIGNAL: "STOPSIGNAL $V",
  RUN: "RUN echo $V > /v",
};

/** The same of an ARG with a default in its stage. */
const defaulted: Readonly<Record<string, string>> = {
  ...valued,
  "RUN by its environment": "RUN env | grep ^V= > /v",
  "COPY to a path": "COPY same /d$V",
  "COPY of a path": "COPY f$V /d",
  "COPY for an owner": "COPY --chown=$V same /d\nRUN stat -c %u /d > /owner",
  "ADD to a path": "ADD same /d$V",
  "ADD of a path": "ADD f$V /d",
  "ENV of ENV": "ENV B=$V\nENV A=$B",
  "ENV before COPY": "ENV A=$V\nCOPY same /d",
};

const declared: Readonly<Record<string, (v: Version) => readonly [string, string]>> = {
  "a configured ARG": () => ["", "ARG V\n"],
  "a global default": (v) => [`ARG V=${v}\n`, "ARG V\n"],
  "a stage's default": (v) => ["", `ARG V=${v}\n`],
};

const same = { same: "same\n", f1: "1\n", f2: "2\n" };

const args: readonly Cell[] = Object.entries(declared).flatMap(([how, declare]) =>
  Object.entries(how === "a stage's default" ? defaulted : valued).map(
    ([what, text]): Cell => ({
      name: `${what} with ${how}`,
      dockerfile: (v) => `${declare(v)[0]}FROM base\n${declare(v)[1]}${text}\n`,
      files: () => same,
      ...(how === "a configured ARG" ? { configured: true } : {}),
    }),
  ),
);

const written: Readonly<Record<string, (v: Version) => string>> = {
  ENV: (v) => `ENV A=${v}`,
  LABEL: (v) => `LABEL a=${v}`,
  USER: (v) => `USER ${v}`,
  WORKDIR: (v) => `WORKDIR /w${v}`,
  VOLUME: (v) => `VOLUME /v${v}`,
  EXPOSE: (v) => `EXPOSE 800${v}`,
  STOPSIGNAL: (v) => `STOPSIGNAL ${v}`,
  CMD: (v) => `CMD echo ${v}`,
  "CMD as JSON": (v) => `CMD ["echo", "${v}"]`,
  ENTRYPOINT: (v) => `ENTRYPOINT ["echo", "${v}"]`,
  HEALTHCHECK: (v) => `HEALTHCHECK --interval=${v}s CMD true`,
  ONBUILD: (v) => `ONBUILD RUN echo ${v}`,
  RUN: (v) => `RUN echo ${v} > /v`,
  "RUN as JSON": (v) => `RUN ["touch", "/${v}"]`,
  "SHELL before RUN": (v) => `SHELL ["/bin/sh", "-c${v === 1 ? "" : "f"}"]\nRUN echo * > /v`,
  "ENV before RUN": (v) => `ENV A=${v}\nRUN echo $A > /v`,
  "WORKDIR before RUN": (v) => `WORKDIR /w${v}\nRUN touch here`,
  "COPY to a path": (v) => `COPY same /d${v}`,
  "COPY for an owner": (v) => `COPY --chown=${v}:0 same /d\nRUN stat -c %u /d > /owner`,
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

/** COPY of each of these, ADD of the first two, the others of the first. */
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

const files: readonly Cell[] = Object.entries(readers).flatMap(([reader, text], index) =>
  Object.entries(contents)
    .slice(0, [6, 2][index] ?? 1)
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
  "RUN heredoc after ARG": (v: Version) => `ARG X=1\nRUN <<EOF\necho ${v} > /v\nEOF`,
  "RUN heredoc of an odd name": (v: Version) => `ARG X=1\nRUN <<9X\necho ${v} > /v\n9X`,
  "RUN heredoc as input": (v: Version) => `ARG X=1\nRUN cat <<.X > /v\n${v}\n.X`,
  "COPY heredoc": (v: Version) => `ARG X=1\nCOPY <<EOF /v\n${v}\nEOF`,
  "ADD heredoc": (v: Version) => `ARG X=1\nADD <<EOF /v\n${v}\nEOF`,
}).map(([what, text]) => ({
  name: `${what} of another body`,
  dockerfile: (v: Version) => `FROM base\n${text(v)}\n`,
  heredocs: true,
}));

export const cells: readonly Cell[] = [...args, ...texts, ...files, ...heredocs];
