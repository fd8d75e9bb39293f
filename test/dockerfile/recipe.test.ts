import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Recipe,
  type RecipeOptions,
  resolveRecipe,
  rewriteReferences,
} from "../../src/dockerfile/recipe.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import type { Json } from "../../src/json.ts";

const defaults: RecipeOptions = {
  file: "Dockerfile",
  args: {},
  target: undefined,
  platform: "linux/amd64",
  parentOf: (reference) => /^qemu\/([a-z0-9-]+)$/.exec(reference)?.[1],
  allowAdd: [],
};

function resolve(text: string, options: Partial<RecipeOptions> = {}): Recipe {
  return resolveRecipe(text, { ...defaults, ...options });
}

function mistakes(text: string, options: Partial<RecipeOptions> = {}): readonly string[] {
  try {
    resolve(text, options);
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === "DOCKERFILE_INVALID");
    return error.problems.map(printProblem);
  }
  return [];
}

interface CodeStage {
  readonly from: Json;
  readonly platform?: string;
  readonly steps: readonly Json[];
}

function stages(recipe: Recipe): readonly CodeStage[] {
  return (recipe.code as unknown as { readonly stages: readonly CodeStage[] }).stages;
}

/** The code of the steps of a target that is built from scratch. */
function steps(body: string, options: Partial<RecipeOptions> = {}): readonly Json[] {
  return stages(resolve(`FROM scratch\n${body}`, options)).at(-1)!.steps;
}

function sources(body: string, options: Partial<RecipeOptions> = {}): readonly string[] {
  return resolve(body, options).sources.map((source) => {
    if (source.kind === "everything") return `all: ${source.because}`;
    return source.wildcard ? `glob ${source.pattern}` : `path ${source.pattern}`;
  });
}

const encoded: readonly (readonly [string, Json])[] = [
  ["RUN a  'b c' # d", { run: "a  'b c' # d" }],
  ["rUn   a", { run: "a" }],
  ['RUN ["a", "b c"]', { run: { json: ["a", "b c"] } }],
  ['RUN ["a", b]', { run: '["a", b]' }],
  ["RUN", { run: "" }],
  ["CMD []", { cmd: { json: [] } }],
  ["ENTRYPOINT a b", { entrypoint: "a b" }],
  ['SHELL ["sh"]', { shell: { json: ["sh"] } }],
  [
    'ENV A=b C="d e" F=g\\ h',
    {
      env: [
        ["A", "b"],
        ["C", '"d e"'],
        ["F", "g\\ h"],
      ],
    },
  ],
  ["ENV A  b  c", { env: [["A", "b  c"]] }],
  [
    "LABEL a=b \\\n  c=d",
    {
      label: [
        ["a", "b"],
        ["c", "d"],
      ],
    },
  ],
  ["ARG A", { arg: [["A", null]] }],
  [
    "ARG A=1 B=${A}2 C",
    {
      arg: [
        ["A", "1"],
        ["B", { expand: "${A}2" }],
        ["C", null],
      ],
    },
  ],
  ["EXPOSE 80  443/tcp", { expose: ["80", "443/tcp"] }],
  ["VOLUME /a /b", { volume: ["/a", "/b"] }],
  ['VOLUME ["/a b"]', { volume: { json: ["/a b"] } }],
  ["USER a b ", { user: "a b" }],
  ["WORKDIR $X", { workdir: "$X" }],
  ["STOPSIGNAL 9", { stopsignal: "9" }],
  ["MAINTAINER a <b>", { maintainer: "a <b>" }],
  ["HEALTHCHECK none", { healthcheck: { json: ["NONE"] } }],
  ["HEALTHCHECK --retries=3 cmd a b", { healthcheck: "a b", flags: { retries: "3" } }],
  ['HEALTHCHECK CMD ["a"]', { healthcheck: { json: ["CMD", "a"] } }],
  ["ONBUILD  run a  b", { onbuild: { run: "a  b" } }],
  ["COPY --chown=a --link x  y /z", { copy: ["x", "y", "/z"], flags: { chown: "a", link: true } }],
  [
    "COPY --link=false --chown='a b' x y",
    { copy: ["x", "y"], flags: { chown: "a b", link: false } },
  ],
  ["COPY --exclude=*.o --exclude=b x y", { copy: ["x", "y"], flags: { exclude: ["*.o", "b"] } }],
  ['COPY ["a b", "c"]', { copy: { json: ["a b", "c"] } }],
  [
    "RUN --mount=type=secret,id=a,required --network=none b",
    { run: "b", flags: { mount: [{ type: "secret", id: "a", required: true }], network: "none" } },
  ],
  [
    "RUN --mount=Src=a,DST=/b,ro --mount=type=cache,target=/c b",
    {
      run: "b",
      flags: {
        mount: [
          { type: "bind", source: "a", target: "/b", readonly: true },
          { type: "cache", target: "/c" },
        ],
      },
    },
  ],
  [
    `RUN --mount=type=cache,"target=/a,b" c`,
    { run: "c", flags: { mount: [{ type: "cache", target: "/a", b: true }] } },
  ],
  [
    `RUN --mount=type=cache,\\"target=/a,b\\" c`,
    { run: "c", flags: { mount: [{ type: "cache", target: "/a,b" }] } },
  ],
  [
    "RUN <<-EOF\n\ta\n\tb\nEOF",
    { run: "<<-EOF", heredocs: [{ name: "EOF", chomp: true, expand: true, body: "a\nb\n" }] },
  ],
  [
    "RUN cat <<-'EOF' > f\n\ta\n\tEOF",
    {
      run: "cat <<-'EOF' > f",
      heredocs: [{ name: "EOF", chomp: true, expand: false, body: "\ta\n" }],
    },
  ],
  [
    "COPY <<-A <<'B' /c/\n\ta\n\tA\n\tb\nB",
    {
      copy: ["<<-A", "<<'B'", "/c/"],
      heredocs: [
        { name: "A", chomp: true, expand: true, body: "a\n" },
        { name: "B", chomp: false, expand: false, body: "\tb\n" },
      ],
    },
  ],
];

for (const [text, expected] of encoded) {
  test(`the step ${JSON.stringify(text)} is encoded by what it says`, () => {
    assert.deepEqual(steps(text), [expected]);
  });
}

const reached: readonly (readonly [string, readonly string[]])[] = [
  ["COPY . /", ["path "]],
  ["COPY / /", ["path "]],
  ["COPY a b/ ./c/../d /x", ["path a", "path b", "path d"]],
  ["COPY ../../a /x", ["path a"]],
  ["COPY a*/b?.c /x", ["glob a*/b?.c"]],
  ["COPY [a-c]x /x", ["glob [a-c]x"]],
  ["COPY a/**/b /x", ["path a"]],
  ["COPY --parents a/*/b /x", ["path a"]],
  ["COPY --parents a/./**/b /x", ["path a"]],
  ["COPY --parents a/b /x", ["path a/b"]],
  ['COPY ["a b", "c\'d\'", "/x"]', ["path a b", "path cd"]],
  ["COPY a\\ b /x", ["path a", "path b"]],
  ["COPY [a /x", ['all: source "[a": its pattern is malformed']],
  ["COPY a\\\\[b /x", ['all: source "a\\\\[b": engines differ on its backslash']],
  ["COPY a\\\\?* /x", ["glob a\\?*"]],
  ["COPY --exclude=b a /x", ["path a"]],
  ["COPY <<EOF a /x\nb\nEOF", ["path a"]],
  ["ADD a.tar /x", ["path a.tar"]],
  ["ARG D=src\nCOPY $D/a ${D}2 /x", ["path src/a", "path src2"]],
  ["ENV D=src\nCOPY $D/a '$D' /x", ["path src/a", "path $D"]],
  ["ARG D=a\nENV D=${D}b\nCOPY $D /x", ["path ab"]],
  ["ENV A=a B=$A\nENV C=$A\nCOPY b$B c$C /x", ["path b", "path ca"]],
  ["COPY a$NOTHING /x", ["path a"]],
  ["COPY $NOTHING /x", ["path "]],
  ["COPY ${D:-a} /x", ["path a"]],
  ["COPY a/$PATH /x", ['all: source "a/$PATH": $PATH may come from the base image']],
  [
    "ENV D=a\nARG D=b\nCOPY $D /x",
    ['all: source "$D": $D is both ENV and ARG, and engines differ on which one wins'],
  ],
  [
    "ARG A=a B=$A\nCOPY $B /x",
    ['all: source "$B": $A is set by the same ARG, where engines differ on its value'],
  ],
  ["ARG A=a\nARG B=$A\nCOPY $B /x", ["path a"]],
  ["ENV D=a\nARG D\nCOPY $D /x", ["path a"]],
  ["ENV D=a\nARG D=b\nENV D=c\nCOPY $D /x", ["path c"]],
  ["RUN --mount=target=/x a", ["path "]],
  ["RUN --mount=source=a,target=/x a", ["path a"]],
  ["RUN --mount=type=bind,src=/a/../b*,target=/x a", ["path b*"]],
  ["RUN --mount=type=bind,source=a,from=scratch,target=/x a", []],
  ["ARG D=d\nRUN --mount=source=$D/a,target=/x a", ["path d/a"]],
  [
    "RUN --mount=source=$PATH,target=/x a",
    ['all: mount "source=$PATH,target=/x": $PATH may come from the base image'],
  ],
  [
    "RUN --mount=type=$PATH,target=/x a",
    ['all: mount "type=$PATH,target=/x": its type is known to the engine only'],
  ],
  ["RUN --mount=type=cache,target=/x,source=a --mount=type=tmpfs,target=/y a", []],
  ["RUN --mount=type=secret,id=a --mount=type=ssh a", []],
  ["ONBUILD COPY a /x", []],
];

for (const [body, expected] of reached) {
  test(`from scratch, ${JSON.stringify(body)} reaches ${expected.join(", ") || "nothing"}`, () => {
    assert.deepEqual(sources(`FROM scratch\n${body}`), expected);
  });
}

test("on top of an image, a variable that nothing sets may come from the image", () => {
  const because = "$D may come from the base image";
  assert.deepEqual(sources("FROM a\nCOPY $D /x"), [`all: source "$D": ${because}`]);
  assert.deepEqual(sources("FROM a\nARG D\nCOPY ${D:-x} /x"), [
    `all: source "\${D:-x}": ${because}`,
  ]);
  assert.deepEqual(sources("FROM a\nARG D\nCOPY $D /x", { args: { D: "d" } }), ["path d"]);
  assert.deepEqual(sources("FROM a\nENV A=b $D=x\nCOPY $A /x"), [
    'all: source "$A": $A may come from the base image',
  ]);
});

test("a stage inherits ENV for certain, and ARG not in all engines", () => {
  const text = "FROM scratch AS a\nARG A=a\nENV E=e$A\nFROM a\n";
  assert.deepEqual(sources(`${text}COPY $E /x`), ["path ea"]);
  assert.match(sources(`${text}COPY $A /x`)[0]!, /ARG of the stage below/);
  assert.deepEqual(sources(`${text}ARG A=b\nCOPY $A /x`), ["path b"]);
});

test("an ARG is in force only after its line and in its stage", () => {
  assert.deepEqual(sources("FROM scratch\nCOPY a$D /x\nARG D=d\nCOPY b$D /x"), [
    "path a",
    "path bd",
  ]);
  assert.deepEqual(
    sources("FROM scratch AS a\nARG D=d\nFROM scratch\nCOPY --from=a x y\nCOPY a$D /x"),
    ["path a"],
  );
});

test("a stage that runs the triggers of another one may read everything", () => {
  assert.deepEqual(sources("FROM scratch AS a\nONBUILD COPY x /y\nFROM a\nRUN b"), [
    "all: the stage below has ONBUILD instructions",
    "path x",
  ]);
});

test("ONBUILD in the target's own chain of stages is told", () => {
  assert.equal(resolve("FROM a\nONBUILD RUN b").onbuild, true);
  assert.equal(resolve("FROM a AS b\nONBUILD RUN b\nFROM b").onbuild, true);
  assert.equal(resolve("FROM a AS b\nONBUILD RUN b\nFROM c\nCOPY --from=b x y").onbuild, false);
});

const bases: readonly (readonly [string, Readonly<Record<string, string>>, Json])[] = [
  ["ARG V=12\nFROM debian:$V", {}, { image: "debian:12" }],
  ["ARG V=12\nFROM debian:$V", { V: "13" }, { image: "debian:13" }],
  ["ARG V\nFROM debian:${V:-11}-slim", {}, { image: "debian:11-slim" }],
  ["ARG V=1\nARG W=${V}.0\nFROM a:$W", { V: "2" }, { image: "a:2.0" }],
  ["ARG V=1\nARG V=${V}2\nFROM a:$V", {}, { image: "a:12" }],
  ["ARG R\nFROM ${R}debian", {}, { image: "debian" }],
  ["ARG R\nFROM ${R}debian", { R: "h.io/" }, { image: "h.io/debian" }],
  ['ARG V="1"\nFROM "a:$V"', {}, { image: "a:1" }],
  ["FROM a:$TARGETARCH", {}, { image: "a:amd64" }],
  ["FROM a:$BUILDARCH", { BUILDARCH: "x" }, { image: "a:x" }],
  ["FROM qemu/debian10", {}, { parent: "debian10" }],
  ["ARG P=qemu\nFROM $P/debian10", {}, { parent: "debian10" }],
  ["FROM scratch", {}, { scratch: true }],
  [`FROM a@sha256:${"0".repeat(64)}`, {}, { image: `a@sha256:${"0".repeat(64)}` }],
];

for (const [text, args, expected] of bases) {
  test(`the base of ${JSON.stringify(text)} with ${JSON.stringify(args)} is found`, () => {
    assert.deepEqual(stages(resolve(text, { args }))[0]!.from, expected);
  });
}

test("platform args have the target platform, and BUILD ones the same", () => {
  const text =
    "FROM --platform=$BUILDPLATFORM a\nARG TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM TARGETSTAGE";
  const [stage] = stages(resolve(text, { platform: "linux/arm/v7" }));
  assert.equal(stage!.platform, "linux/arm/v7");
  assert.deepEqual(stage!.steps, [
    {
      arg: [
        ["TARGETOS", "linux"],
        ["TARGETARCH", "arm"],
        ["TARGETVARIANT", "v7"],
        ["BUILDPLATFORM", "linux/arm/v7"],
        ["TARGETSTAGE", "default"],
      ],
    },
  ]);
  assert.deepEqual(sources("FROM scratch\nCOPY a$TARGETARCH /x"), ["path a"]);
});

test("an ARG counts with its value, wherever that comes from", () => {
  const value = (text: string, args: Record<string, string> = {}) =>
    stages(resolve(text, { args }))[0]!.steps;
  assert.deepEqual(value("ARG A=1\nFROM a\nARG A"), [{ arg: [["A", "1"]] }]);
  assert.deepEqual(value("ARG A=1\nFROM a\nARG A=2"), [{ arg: [["A", "2"]] }]);
  assert.deepEqual(value("ARG A=1\nFROM a\nARG A=2", { A: "3" }), [{ arg: [["A", "3"]] }]);
  assert.deepEqual(value("FROM a\nARG A=2", { A: "2" }), value("FROM a\nARG A=2"));
  assert.deepEqual(value("FROM a\nARG A=${B:?m}", { A: "2" }), [{ arg: [["A", "2"]] }]);
  assert.deepEqual(value("FROM a\nARG A=x$HOME"), [{ arg: [["A", { expand: "x$HOME" }]] }]);
  assert.deepEqual(value("FROM a\nARG A=1", { a: "2" }), [{ arg: [["A", "1"]] }]);
});

test("a global ARG counts only through what uses it", () => {
  const plain = resolve("FROM a\nRUN b");
  assert.deepEqual(resolve("ARG X=1\nFROM a\nRUN b", { args: { X: "2" } }).code, plain.code);
});

test("only the args that the build may see go to the engine", () => {
  const text =
    "ARG A\nARG B=$A\nARG C\nARG U\nFROM x:$B AS one\nARG D\nFROM y AS two\nARG E\nFROM one\nARG C";
  const args = {
    A: "a",
    C: "c",
    D: "d",
    E: "e",
    F: "f",
    U: "u",
    TARGETARCH: "x",
    BUILDKIT_INLINE_CACHE: "1",
    SOURCE_DATE_EPOCH: "0",
    HTTPS_PROXY: "p",
    no_proxy: "q",
  };
  const recipe = resolve(text, { args });
  assert.deepEqual(Object.keys(recipe.args), [
    "A",
    "BUILDKIT_INLINE_CACHE",
    "C",
    "D",
    "HTTPS_PROXY",
    "SOURCE_DATE_EPOCH",
    "no_proxy",
  ]);
  assert.deepEqual(recipe.unusedArgs, ["F"]);
  const { options } = recipe.code as { readonly options: Json };
  assert.deepEqual(options, { BUILDKIT_INLINE_CACHE: "1", SOURCE_DATE_EPOCH: "0" });
});

test("only stages that the target needs count, under no name", () => {
  const text =
    "FROM a AS one\nRUN 1\nFROM b AS unused\nCOPY . /\nFROM c AS two\nRUN 2\nFROM one AS three\nCOPY --from=TWO x y\nRUN --mount=type=cache,from=0,target=/c 3\n";
  const recipe = resolve(text);
  assert.deepEqual(stages(recipe), [
    { from: { image: "a" }, steps: [{ run: "1" }] },
    { from: { image: "c" }, steps: [{ run: "2" }] },
    {
      from: { stage: 0 },
      steps: [
        { copy: ["x", "y"], flags: { from: { stage: 1 } } },
        { run: "3", flags: { mount: [{ type: "cache", target: "/c", from: { stage: 0 } }] } },
      ],
    },
  ]);
  assert.deepEqual(recipe.sources, []);
  assert.deepEqual(
    recipe.uses.map(({ reference }) => reference),
    ["a", "c"],
  );
  assert.equal(recipe.base?.reference, "a");
  assert.deepEqual(
    recipe.stages.map(({ name, line, base }) => [name, line, base]),
    [
      ["one", 1, "a"],
      ["two", 5, "c"],
      ["three", 7, "one"],
    ],
  );
  const renamed = text.replace("AS one", "AS eins").replace("FROM one", "FROM Eins");
  assert.deepEqual(resolve(renamed).code, recipe.code);
});

const targets: readonly (readonly [string, string | undefined, Json, string | undefined])[] = [
  ["FROM a AS x\nFROM b AS y", undefined, { image: "b" }, undefined],
  ["FROM a AS x\nFROM b AS y", "Y", { image: "b" }, undefined],
  ["FROM a AS x\nFROM b AS y", "x", { image: "a" }, "x"],
  ["FROM a AS x\nFROM b AS y", "0", { image: "a" }, "x"],
  ["FROM a\nFROM b", "0", { image: "a" }, "0"],
  ["FROM a AS x\nFROM b AS x\nFROM c", "x", { image: "b" }, "x"],
  ["FROM a AS x\nFROM b AS x\nFROM c", "0", { image: "a" }, "0"],
];

for (const [text, target, base, name] of targets) {
  test(`the target ${target} of ${JSON.stringify(text)} is chosen`, () => {
    const recipe = resolve(text, { target });
    assert.deepEqual(stages(recipe).at(-1)!.from, base);
    assert.equal(recipe.target, name);
  });
}

const named: readonly (readonly [string, Json])[] = [
  ["FROM a AS a", { image: "a" }],
  ["FROM a AS b\nFROM b AS a\nFROM a", { stage: 1 }],
  ["FROM b\nFROM b AS b", { image: "b" }],
  ["FROM a AS x\nFROM b AS x\nFROM x", { stage: 0 }],
  ["ARG CPU=arm\nFROM a AS base-arm\nFROM b AS base-x86\nFROM base-${CPU}", { stage: 0 }],
  ["FROM a AS qemu\nFROM qemu/x", { parent: "x" }],
];

for (const [text, expected] of named) {
  test(`the last FROM of ${JSON.stringify(text)} names the right thing`, () => {
    assert.deepEqual(stages(resolve(text)).at(-1)!.from, expected);
  });
}

test("of two stages of a name, the later one is meant", () => {
  assert.deepEqual(stages(resolve("FROM a AS x\nFROM b AS x\nFROM x"))[0]!.from, { image: "b" });
});

test("choosing another internal stage by an ARG is another recipe", () => {
  const text = "ARG CPU=arm\nFROM a AS base-arm\nFROM b AS base-x86\nFROM base-${CPU}";
  assert.deepEqual(stages(resolve(text, { args: { CPU: "x86" } }))[0]!.from, { image: "b" });
});

test("every image from outside is a use, with its place in the text", () => {
  const text =
    "\uFEFFARG B=qemu/base\r\nFROM --platform=linux/arm64 ${B} AS one\r\nCOPY --from='nginx:1' a b\r\nRUN --mount=type=bind,from=qemu/tools,\\\r\n  target=/t --mount=from=scratch,target=/o c\r\nCOPY --from=qemu/base a b\r\n";
  const recipe = resolve(text);
  const shown = recipe.uses.map((use) => [use.kind, use.reference, use.parent, use.line]);
  assert.deepEqual(shown, [
    ["from", "qemu/base", "base", 2],
    ["copy", "nginx:1", undefined, 3],
    ["mount", "qemu/tools", "tools", 4],
    ["copy", "qemu/base", "base", 6],
  ]);
  assert.equal(recipe.uses[0]!.platform, "linux/arm64");
  assert.deepEqual(recipe.parents, ["base", "tools"]);
  const rewritten = rewriteReferences(text, recipe.uses, ({ reference }) => `<${reference}>`);
  assert.equal(
    rewritten,
    text
      .replace("${B}", "<qemu/base>")
      .replace("nginx:1", "<nginx:1>")
      .replace("qemu/tools", "<qemu/tools>")
      .replace("from=qemu/base", "from=<qemu/base>"),
  );
});

test("a reference without a replacement stays", () => {
  const text = "FROM a\nCOPY --from=b x y\n";
  const { uses } = resolve(text);
  const rewritten = rewriteReferences(text, uses, ({ reference }) =>
    reference === "b" ? "c" : undefined,
  );
  assert.equal(rewritten, "FROM a\nCOPY --from=c x y\n");
});

test("a reference that is continued on the next line is replaced whole", () => {
  const text = "FROM deb\\\nian:12\nRUN x";
  assert.equal(
    rewriteReferences(text, resolve(text).uses, () => "z"),
    "FROM z\nRUN x",
  );
});

const commit = "0123456789abcdef0123456789abcdef01234567";
const sha = `sha256:${"a".repeat(64)}`;
const pinned = [
  `ADD --checksum=${sha} https://a.b/c /x`,
  `ARG S=${sha}\nADD --checksum=$S https://a.b/c /x`,
  `ADD https://a.b/c.git#${commit} /x`,
  `ADD https://a.b/c.git#${commit}:sub /x`,
  `ADD git@a.b:c.git#${commit} /x`,
  `ADD ssh://git@a.b/c#${commit} /x`,
  `ADD https://a.b/c.git?tag=v1&checksum=${commit} /x`,
  `ADD --checksum=${commit} https://a.b/c.git#v1 /x`,
];

for (const body of pinned) {
  test(`${body} is pinned, and reaches nothing of the context`, () => {
    assert.deepEqual(sources(`FROM a\n${body}`), []);
  });
}

const unpinned: readonly (readonly [string, string])[] = [
  ["ADD https://a.b/c /x", "https://a.b/c"],
  ["ADD --checksum=sha256:abc http://a.b/c /x", "http://a.b/c"],
  ["ARG V=1\nADD https://a.b/$V.tar /x", "https://a.b/1.tar"],
  ["ADD https://a.b/$V.tar /x", "https://a.b/$V.tar"],
  ["ADD https://a.b/c.git /x", "https://a.b/c.git"],
  ["ADD https://a.b/c.git#main /x", "https://a.b/c.git#main"],
  [`ADD https://a.b/c#${commit} /x`, `https://a.b/c#${commit}`],
  ["ADD git://a.b/c /x", "git://a.b/c"],
  ["ADD git@a.b:c /x", "git@a.b:c"],
  [`ADD --checksum=${commit.slice(0, 12)} git@a.b:c#v1 /x`, "git@a.b:c#v1"],
  ["ADD $URL /x", "$URL"],
  ["ONBUILD ADD https://a.b/c /x", "https://a.b/c"],
];

for (const [body, source] of unpinned) {
  test(`${body} is a mistake unless the configuration allows it`, () => {
    const [mistake, ...more] = mistakes(`FROM a\n${body}`);
    assert.ok(mistake?.includes(`ADD ${source} `) && mistake.includes("allow_add"), mistake);
    assert.deepEqual(more, []);
    assert.deepEqual(mistakes(`FROM a\n${body}`, { allowAdd: [source] }), []);
    assert.deepEqual(mistakes(`FROM a\n${body}`, { allowAdd: [`${source.slice(0, 3)}*`] }), []);
    assert.equal(mistakes(`FROM a\n${body}`, { allowAdd: ["x*", `${source}x`] }).length, 1);
  });
}

const refused: readonly (readonly [string, readonly string[]])[] = [
  ["FROM $X", ["1:6: FROM $X: no ARG in front of the first FROM declares X"]],
  ["ARG X\nFROM $X", ["2:6: FROM $X: the name of the image is empty"]],
  ["FROM a\nARG X=b\nFROM $X", ["3:6: FROM $X: no ARG in front of the first FROM declares X"]],
  ["ARG X\nFROM ${X:?give-X}", ["2:6: FROM ${X:?give-X}: X: give-X"]],
  ["FROM A/b:c:d", ['1:6: "A/b:c:d" is no image reference']],
  ["FROM a\nCOPY --from=0 x y", ["2:6: stage 0 does not stand in front of this one"]],
  ["FROM a AS c\nCOPY --from=1 x y\nFROM c", ["2:6: stage 1 does not stand in front of this one"]],
  ["FROM a\nFROM b\nCOPY --from=7 x y", ["3:6: there is no stage 7"]],
  [
    "FROM a\nCOPY --from=$X x y",
    ["2:6: --from=$X cannot be known: $X may come from the base image"],
  ],
  [
    "FROM a\nRUN --mount=from=$X,target=/x y",
    ["2:18: from=$X cannot be known: $X may come from the base image"],
  ],
  ["FROM a\nRUN --mount=type=foo y", ['2:5: there is no mount type "foo"']],
  ['FROM a\nRUN --mount=type=bind,a\\"b y', ['2:5: --mount=type=bind,a"b is malformed']],
  ["FROM a\nCOPY ${X y", ["2:6: source \"${X\": missing '}' in a substitution"]],
  ["FROM a\nCOPY https://b/c y", ["2:6: COPY cannot fetch https://b/c; ADD can"]],
  ["FROM a\nCOPY x <<EOF\nEOF", ["2:8: a heredoc cannot be the destination"]],
  ["FROM a\nENV A=${B", ["2:5: ENV A: missing '}' in a substitution"]],
  ["FROM scratch\nARG A=${B:?no}", ["2:5: ARG A: B: no"]],
  ["ARG A=${B:?no}\nFROM a", ["1:5: ARG A: B: no"]],
  ["FROM --platform=$X a", ["1:6: --platform is empty"]],
  [
    "FROM $X\nFOO\nCOPY --from=3 a b\nADD http://x y",
    [
      "1:6: FROM $X: no ARG in front of the first FROM declares X",
      "2:1: unknown instruction FOO",
      "3:6: there is no stage 3",
      "4:5: ADD http://x is fetched and nothing pins its content: give --checksum=sha256:…, or name it in allow_add",
    ],
  ],
];

for (const [text, expected] of refused) {
  test(`the mistakes of ${JSON.stringify(text)} are all named`, () => {
    const shown = mistakes(text).map((mistake) => mistake.replace("Dockerfile:", ""));
    assert.deepEqual(shown, expected);
  });
}

test("a stage that the target does not need may have mistakes of meaning", () => {
  assert.deepEqual(mistakes("FROM $X AS a\nADD http://x y\nFROM b"), []);
});

test("a target that is not there is a mistake that lists the stages", () => {
  const text = "FROM a AS x\nFROM b";
  assert.deepEqual(mistakes(text, { target: "z" }), [
    'Dockerfile:1:1: there is no stage "z"; stages are x, 1',
  ]);
  assert.equal(mistakes(text, { target: "2" }).length, 1);
});

test("a trigger that copies from a stage makes the stage count, and its image a use", () => {
  const text = "FROM a AS s\nRUN 1\nFROM b AS t\nONBUILD COPY --from=s x y\nFROM t\nRUN 2";
  const recipe = resolve(text);
  assert.deepEqual(
    recipe.uses.map(({ reference }) => reference),
    ["a", "b"],
  );
  assert.deepEqual(stages(recipe)[2], {
    from: { stage: 0 },
    steps: [{ copy: ["x", "y"], flags: { from: { stage: 1 } } }, { run: "2" }],
  });
});

test("the image that the target stands on is found through its stages", () => {
  assert.equal(resolve("FROM a AS s\nFROM s AS t\nFROM t").base?.reference, "a");
  assert.equal(resolve("FROM qemu/x AS s\nFROM s").base?.parent, "x");
  assert.equal(resolve("FROM scratch\nCOPY --from=a x y").base, undefined);
});

test("what one stage needs twice is one stage and one use", () => {
  const recipe = resolve("FROM a AS s\nFROM s AS t\nFROM s\nCOPY --from=t x y\nCOPY --from=s x y");
  assert.equal(stages(recipe).length, 3);
  assert.equal(recipe.uses.length, 1);
});

test("more stages than can be resolved are a mistake, not a crash", () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, at) => `FROM ${at === 0 ? "a" : `s${at - 1}`} AS s${at}`).join("\n");
  assert.equal(stages(resolve(chain(500))).length, 500);
  assert.deepEqual(mistakes(chain(501))[0], "Dockerfile:501:1: there are more than 500 stages");
});

test("steps keep their lines for people", () => {
  const { stages: shown } = resolve("FROM a\n\n# c\nRUN b \\\n  c\nUSER d");
  assert.deepEqual(
    shown[0]!.steps.map(({ line }) => line),
    [4, 6],
  );
});

test("the directives count, a check does not", () => {
  const plain = resolve("FROM a\nRUN b").code;
  assert.deepEqual(resolve("# check=skip=all\n# escape=\\\nFROM a\nRUN b").code, plain);
  assert.notDeepEqual(resolve("# escape=`\nFROM a\nRUN b").code, plain);
  assert.notDeepEqual(resolve("# syntax=x/y:1\nFROM a\nRUN b").code, plain);
});

test("a FROM whose variable chooses a stage is written with the stage's name", () => {
  const text = "ARG CPU=wasm32\nFROM a AS base-wasm32\nFROM base-${CPU} AS base\nFROM base\n";
  const { chosen } = resolve(text);
  const rewritten = rewriteReferences(text, chosen, ({ name }) => name);
  assert.equal(rewritten, text.replace("base-${CPU}", "base-wasm32"));
  assert.equal(chosen.length, 1);
});
