import assert from "node:assert/strict";
import { test } from "node:test";
import { engineText, type Recipe, type RecipeOptions } from "../../src/dockerfile/recipe.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import { recipeOf } from "../support/recipe.ts";

function mistakes(text: string, options: Partial<RecipeOptions> = {}): readonly string[] {
  try {
    recipeOf(text, options);
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === "DOCKERFILE_INVALID");
    return error.problems.map(printProblem);
  }
  return [];
}

function sources(body: string, options: Partial<RecipeOptions> = {}): readonly string[] {
  return recipeOf(body, options).sources.map((source) => {
    if (source.kind === "everything") return "all";
    return source.wildcards ? `glob ${source.pattern}` : `path ${source.pattern}`;
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
  ["COPY [a /x", ["all"]],
  ["COPY a\\\\[b /x", ["all"]],
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
  ["COPY a/$PATH /x", ["all"]],
  ["ARG A=a\nARG B=$A\nCOPY $B /x", ["path a"]],
  ["ARG D=b\nENV D=c\nCOPY $D /x", ["path c"]],
  ["RUN --mount=target=/x a", ["path "]],
  ["RUN --mount=source=a,target=/x a", ["path a"]],
  ["RUN --mount=type=bind,src=/a/../b*,target=/x a", ["path b*"]],
  ["RUN --mount=type=bind,source=a,from=scratch,target=/x a", []],
  ["ARG D=d\nRUN --mount=source=$D/a,target=/x a", ["path d/a"]],
  ["RUN --mount=source=$PATH,target=/x a", ["all"]],
  ["RUN --mount=type=$PATH,target=/x a", ["all"]],
  ["RUN --mount=type=cache,target=/x,source=a --mount=type=tmpfs,target=/y a", []],
  ["RUN --mount=type=secret,id=a --mount=type=ssh a", []],
  ["ONBUILD COPY a /x", []],
];

for (const [body, expected] of reached)
  test(`from scratch, ${JSON.stringify(body)} reaches ${expected.join(", ") || "nothing"}`, () =>
    assert.deepEqual(sources(`FROM scratch\n${body}`), expected));

const traits: readonly (readonly [body: string, trait: keyof Recipe["traits"], holds: boolean])[] =
  [
    ["RUN a", "binds", false],
    ["RUN --mount=target=/x a", "binds", true],
    ["RUN --mount=type=bind,source=a,target=/x a", "binds", true],
    ["RUN --mount=type=cache,target=/x a", "binds", false],
    ["RUN --mount=type=cache,from=b,target=/x a", "binds", true],
    ["RUN --mount=type=secret,id=a --mount=type=tmpfs,target=/y a", "binds", false],
    ['RUN --"mount=type=bind,source=f,target=/y" a', "binds", true],
    ["RUN --mo\\unt=type=bind,source=f,target=/y a", "binds", true],
    ["RUN <<E\na\nE", "runHeredocs", true],
    ["RUN <<9X\na\n9X", "runHeredocs", true],
    ["RUN <<.X\na\n.X", "runHeredocs", true],
    ["COPY <<E /a\na\nE", "runHeredocs", false],
    ["COPY <<E /a\na\nE", "heredocs", true],
    ["RUN a", "heredocs", false],
    ["ARG A\nENV B=$A", "expandsArgs", true],
    ["ENV B=$A\nARG A", "expandsArgs", false],
    ["ARG A\nRUN echo $A", "expandsArgs", false],
    ["ARG A\nONBUILD ENV B=$A", "expandsArgs", true],
    ["COPY a /a", "onScratch", true],
    ["COPY a /a\nFROM a", "onScratch", false],
    ["FROM a AS b\nFROM scratch\nCOPY --from=b /a /a", "onScratch", true],
  ];

for (const [body, trait, holds] of traits)
  test(`${JSON.stringify(body)} ${holds ? "has" : "has not"} the trait ${trait}`, () =>
    assert.equal(recipeOf(`FROM scratch\n${body}`).traits[trait], holds));

test("what mounts ask for beside the context is told with its line", () => {
  const { asked } = recipeOf(
    "FROM a\nRUN --mount=target=/x a\nRUN --mount=type=secret,id=s \\\n --mount=type=ssh a\nONBUILD RUN --mount=type=secret,target=/t/u a",
  );
  assert.deepEqual(asked, [
    { kind: "secret", id: "s", line: 3 },
    { kind: "ssh", id: undefined, line: 4 },
    { kind: "secret", id: "u", line: 5 },
  ]);
});

test("a RUN that mounts a part of a stage or image has its line told", () => {
  for (const [mount, line] of [
    ["from=b,source=/c,target=/x", 3],
    ["type=cache,from=d,src=c,target=/x", 3],
    ["from=b,source=/,target=/x", undefined],
    ["from=b,target=/x", undefined],
    ["source=c,target=/x", undefined],
  ] as const)
    assert.equal(recipeOf(`FROM a AS b\nFROM e\nRUN --mount=${mount} f`).traits.part, line, mount);
});

test("a RUN that mounts something where files may be has its line told", () => {
  for (const [mount, line] of [
    ["source=c,target=/x", 2],
    ["type=cache,dst=/x", 2],
    ["type=tmpfs,target=$X", 2],
    ["type=secret,id=s,target=/etc/s", 2],
    ["type=secret,id=s,target=/run/secrets/s", undefined],
    ["type=secret,id=s", undefined],
    ["type=ssh", undefined],
  ] as const)
    for (const before of ["", "ONBUILD "])
      assert.equal(recipeOf(`FROM a\n${before}RUN --mount=${mount} f`).traits.upon, line, mount);
});

const inherited = "FROM scratch AS a\nARG A=a\nENV E=e$A\nFROM a\n";
const scratchA = "FROM scratch AS a\n";
const around: readonly (readonly [what: string, text: string, string[], RecipeOptions["args"]?])[] =
  [
    ["what nothing sets may come from an image", "FROM a\nCOPY $D /x", ["all"]],
    ["so may an ARG's default not count", "FROM a\nARG D\nCOPY ${D:-x} /x", ["all"]],
    ["an ARG with a value is known", "FROM a\nARG D\nCOPY $D /x", ["path d"], { D: "d" }],
    ["a name that is not known may be any", "FROM a\nENV A=b $D=x\nCOPY $A /x", ["all"]],
    ["a stage inherits ENV for certain", `${inherited}COPY $E /x`, ["path ea"]],
    ["and ARG not in all engines", `${inherited}COPY $A /x`, ["all"]],
    ["unless it is declared again", `${inherited}ARG A=b\nCOPY $A /x`, ["path b"]],
    [
      "an ARG is in force only after its line",
      "FROM scratch\nCOPY a$D /x\nARG D=d\nCOPY b$D /x",
      ["path a", "path bd"],
    ],
    [
      "and in its stage",
      `${scratchA}ARG D=d\nFROM scratch\nCOPY --from=a x y\nCOPY a$D /x`,
      ["path a"],
    ],
    [
      "a stage that runs triggers may read everything",
      `${scratchA}ONBUILD COPY x /y\nFROM a\nRUN b`,
      ["all", "path x"],
    ],
  ];

for (const [what, text, expected, args = {}] of around)
  test(`of variables, ${what}`, () => assert.deepEqual(sources(text, { args }), expected));

test("args that the name of a base alone uses reach the engine, declared or known to it", () => {
  const args = { BUILDARCH: "x", TAG: "y", OTHER: "z" };
  const { args: given, unusedArgs } = recipeOf("ARG TAG\nFROM a:$BUILDARCH$TAG", { args });
  assert.deepEqual([given, unusedArgs], [{ BUILDARCH: "x", TAG: "y" }, ["OTHER"]]);
});

test("mistakes come by line and column, whatever was noticed first", () => {
  const places = mistakes("FROM a\nADD http://x/a http://y/b /w\nNOPE x\n").map(
    (one) => /[\d:]+\d/.exec(one)?.[0],
  );
  assert.deepEqual(places, [":2:5", ":2:16", ":3:1"]);
});

test("ONBUILD in the target's own chain of stages is told", () => {
  for (const [text, expected] of [
    ["FROM a\nONBUILD RUN b", true],
    ["FROM a\nRUN x\nONBUILD RUN b", true],
    ["FROM a", false],
    ["FROM a AS b\nONBUILD RUN b\nFROM b", true],
    ["FROM a AS b\nONBUILD RUN b\nFROM c\nCOPY --from=b x y", false],
  ] as const)
    assert.equal(recipeOf(text).onbuild, expected, text);
});

/** What the last FROM leads to; stages are looked for by names, and images of the set through stages. */
const bases: readonly (readonly [string, RecipeOptions["args"], string])[] = [
  ["FROM a AS a", {}, "a"],
  ["FROM a AS b\nFROM b AS c\nFROM c", {}, "a"],
  ["FROM b\nFROM b AS b", {}, "b"],
  ["FROM a AS x\nFROM b AS y\nFROM x", {}, "a"],
  ["ARG CPU=arm\nFROM a AS base-arm\nFROM b AS base-x86\nFROM base-${CPU}", {}, "a"],
  ["FROM a AS qemu\nFROM qemu/x", {}, "parent x"],
  ["FROM qemu/x AS s\nFROM s", {}, "parent x"],
  ["FROM scratch\nCOPY --from=a x y", {}, "scratch"],
  ["ARG V=12\nFROM debian:$V", {}, "debian:12"],
  ["ARG V=12\nFROM debian:$V", { V: "13" }, "debian:13"],
  ["ARG V\nFROM debian:${V:-11}-slim", {}, "debian:11-slim"],
  ["ARG V=1\nARG W=${V}.0\nFROM a:$W", { V: "2" }, "a:2.0"],
  ["ARG V=1\nARG V=${V}2\nFROM a:$V", {}, "a:12"],
  ["ARG R\nFROM ${R}debian", {}, "debian"],
  ["ARG R\nFROM ${R}debian", { R: "h.io/" }, "h.io/debian"],
  ['ARG V="1"\nFROM "a:$V"', {}, "a:1"],
  ["FROM a:$TARGETARCH", {}, "a:amd64"],
  ["FROM a:${TARGETARCH}${TARGETVARIANT}", {}, "a:amd64"],
  ["FROM a:$BUILDARCH", { BUILDARCH: "x" }, "a:x"],
  ["FROM qemu/debian10", {}, "parent debian10"],
  ["ARG P=qemu\nFROM $P/debian10", {}, "parent debian10"],
  ["FROM scratch", {}, "scratch"],
  [`FROM a@sha256:${"0".repeat(64)}`, {}, `a@sha256:${"0".repeat(64)}`],
];

/** What the target's chain of stages starts from. */
function rootOf({ base }: Recipe): string {
  if (base === undefined) return "scratch";
  return base.parent === undefined ? base.reference : `parent ${base.parent}`;
}

for (const [text, args, expected] of bases)
  test(`the base of ${JSON.stringify(text)} with ${JSON.stringify(args)} is found`, () =>
    assert.equal(rootOf(recipeOf(text, { args })), expected));

test("platform args have the target platform, and BUILD ones the same", () => {
  const text = "FROM --platform=$BUILDPLATFORM a\nARG TARGETARCH\nCOPY a$TARGETARCH /x";
  const recipe = recipeOf(text, { platform: "linux/arm/v7" });
  assert.equal(recipe.uses[0]!.platform, "machine");
  assert.deepEqual(sources(text, { platform: "linux/arm/v7" }), ["path aarm"]);
});

test("only the args that the build may see go to the engine", () => {
  const text =
    "ARG A\nARG B=$A\nARG C\nARG U\nFROM x:$B AS one\nARG D\nFROM y AS two\nARG E\nFROM one\nARG C";
  const given = {
    BUILDKIT_INLINE_CACHE: "1",
    SOURCE_DATE_EPOCH: "0",
    HTTPS_PROXY: "p",
    no_proxy: "q",
  };
  const args = { A: "a", C: "c", D: "d", E: "e", F: "f", U: "u", ...given };
  const { args: seen, keyedArgs, unusedArgs } = recipeOf(text, { args });
  const keyed = ["A", "BUILDKIT_INLINE_CACHE", "C", "D", "SOURCE_DATE_EPOCH"];
  assert.deepEqual(Object.keys(seen), [...keyed, "HTTPS_PROXY", "no_proxy"].sort());
  assert.deepEqual([Object.keys(keyedArgs), unusedArgs], [keyed, ["F"]]);
});

test("a proxy that an ARG declares counts, and below ONBUILD every arg does", () => {
  const args = { HTTPS_PROXY: "p", X: "x" };
  assert.deepEqual(recipeOf("FROM a\nARG HTTPS_PROXY", { args }).keyedArgs, { HTTPS_PROXY: "p" });
  assert.deepEqual(recipeOf("FROM a", { args, onbuild: true }).keyedArgs, { X: "x" });
});

const lineOf = ({ line }: { readonly line: number }) => line;

test("only stages that the target needs count", () => {
  const text =
    "FROM a AS one\nRUN 1\nFROM b AS unused\nCOPY . /\nFROM c AS two\nRUN 2\nFROM one AS three\nCOPY --from=2 x y\nRUN --mount=type=cache,from=one,target=/c 3\n";
  const recipe = recipeOf(text);
  assert.equal(recipe.hashed, text.replace("FROM b AS unused\nCOPY . /\n", "").replace("=2", "=1"));
  assert.deepEqual(recipe.lines, [1, 2, 5, 6, 7, 8, 9]);
  assert.deepEqual(recipe.sources, []);
  assert.equal(recipe.uses.map(({ reference }) => reference).join(), "a,c");
  assert.equal(recipe.base?.reference, "a");
  const told = recipe.stages.map(({ name, base, steps }) => `${name} ${base} ${steps.map(lineOf)}`);
  assert.deepEqual(told, ["one a 1,2", "two c 5,6", "three one 7,8,9"]);
});

const targets: readonly (readonly [string, string | undefined, string, string | undefined])[] = [
  ["FROM a AS x\nFROM b AS y", undefined, "FROM b AS y\n", undefined],
  ["FROM a AS x\nFROM b AS y", "y", "FROM b AS y\n", "y"],
  ["FROM a AS x\nFROM b AS y", "x", "FROM a AS x\n", "x"],
  ["FROM a AS x\nFROM b AS y", "0", "FROM a AS x\n", undefined],
  ["FROM a\nFROM b", "0", "FROM a\n", undefined],
  ["FROM a AS x\nFROM b AS x\nFROM c", "x", "FROM b AS x\n", "x"],
  ["FROM a AS x\nFROM b AS x\nFROM c", "0", "FROM a AS x\n", undefined],
];

for (const [text, target, hashed, name] of targets)
  test(`the target ${target} of ${JSON.stringify(text)} is chosen and stands last`, () => {
    const recipe = recipeOf(text, { target });
    assert.equal(recipe.hashed, hashed);
    assert.equal(recipe.target, name);
  });

test("choosing another internal stage by an ARG is another text", () => {
  const text = "ARG CPU=arm\nFROM a AS base-arm\nFROM b AS base-x86\nFROM base-${CPU}";
  assert.match(recipeOf(text, { args: { CPU: "x86" } }).hashed, /FROM b AS base-x86/);
  assert.doesNotMatch(recipeOf(text).hashed, /x86/);
});

test("a number that comes from a variable is that of the kept stage", () => {
  const text = "FROM a\nFROM b\nFROM c\nARG N=1\nCOPY --from=$N x y\n";
  assert.equal(recipeOf(text).hashed, "FROM b\nFROM c\nARG N=1\nCOPY --from=0 x y\n");
});

test("every image from outside is a use, written anew in its place", () => {
  const text =
    "\uFEFFARG B=qemu/base\r\nFROM --platform=linux/arm64 ${B} AS one\r\nCOPY --from='nginx:1' a b\r\nRUN --mount=type=bind,from=qemu/tools,\\\r\n  target=/t --mount=from=scratch,target=/o c\r\nCOPY --from=qemu/base a b\r\n";
  const recipe = recipeOf(text);
  const shown = recipe.uses.map((use) => `${use.line} ${use.kind} ${use.reference} ${use.parent}`);
  assert.deepEqual(shown, [
    "2 from qemu/base base",
    "3 copy nginx:1 undefined",
    "4 mount qemu/tools tools",
    "6 copy qemu/base base",
  ]);
  assert.equal(recipe.uses[0]!.platform, "linux/arm64");
  assert.deepEqual(recipe.parents, ["base", "tools"]);
  assert.equal(recipe.hashed, text.slice(1));
  const built = engineText(recipe, ({ reference }) => `<${reference}>`);
  const anew = ["nginx:1", "qemu/tools", "from=qemu/base"].reduce(
    (all, name) => all.replace(name, name.replace(/[^=]+$/, "<$&>")),
    text.slice(1).replace("${B}", "<qemu/base>"),
  );
  assert.equal(built.text, anew);
});

test("a reference without another name is expanded, and stays where it has no variable", () => {
  const recipe = recipeOf("ARG V=1\nFROM a:$V\nCOPY --from=b x y\n");
  const built = engineText(recipe, ({ reference }) => (reference === "b" ? "c" : undefined));
  assert.equal(built.text, "ARG V=1\nFROM a:1\nCOPY --from=c x y\n");
});

const foreign = "# syntax=x/y\n# c\nFROM b AS c\n\nFROM a\n";
const twice = "ARG X=1\nARG C=$X\nARG C\nFROM a:$C\n";
const demands = "ARG A=1\nARG V=${A?no} X=2\nFROM a:$X\n";

/** What is hashed of a text, and what the engine gets where that is something else. */
const texts: Readonly<Record<string, readonly [string, hashed: string, built?: string]>> = {
  "comments and empty lines go from the hash, and keep their place for the engine": [
    "# c\n\nFROM a\n  # d\nRUN b \\\n  # e\n\n  c\n\n",
    "FROM a\nRUN b \\\n  # e\n\n  c\n",
    "\n\nFROM a\n\nRUN b \\\n  # e\n\n  c\n",
  ],
  "behind a heredoc the engine's text is dense": [
    "FROM a\n# c\nRUN <<E\n# d\nE\n# e\nRUN f",
    "FROM a\nRUN <<E\n# d\nE\nRUN f\n",
    "FROM a\n\nRUN <<E\n# d\nE\nRUN f\n",
  ],
  "directives stay to the letter, other comments above FROM do not": [
    "#Syntax = docker/dockerfile:1\n# check=skip=all\n# c\nFROM a\n",
    "#Syntax = docker/dockerfile:1\n# check=skip=all\nFROM a\n",
    "#Syntax = docker/dockerfile:1\n# check=skip=all\n\nFROM a\n",
  ],
  "a foreign frontend may read every line": [foreign, foreign],
  "a global ARG stays where a name of it is in force, however far": [
    "ARG X=1\nARG A=1 B=2\nARG C=$B\nARG BUILDKIT_SBOM=1\nFROM a:$C\n",
    "ARG A=1 B=2\nARG C=$B\nFROM a:$C\n",
    "\nARG A=1 B=2\nARG C=$B\n\nFROM a:2\n",
  ],
  "a global ARG that is declared twice needs what either line uses": [
    twice,
    twice,
    twice.replace("a:$C", "a:1"),
  ],
  "a global ARG that is kept for one name needs what its other names use": [
    demands,
    demands,
    demands.replace("a:$X", "a:2"),
  ],
  "carriage returns stay": ["FROM a\r\nRUN b\r\n", "FROM a\r\nRUN b\r\n"],
};

for (const [what, [text, hashed, built = hashed]] of Object.entries(texts))
  test(what, () => {
    const recipe = recipeOf(text);
    assert.equal(recipe.hashed, hashed);
    const given = engineText(recipe, () => undefined);
    assert.equal(given.text, built);
    const lines = text.split("\n");
    for (const [mapped, found] of [
      [recipe.lines, hashed],
      [given.lines, built],
    ] as const) {
      const own = found.split("\n").slice(0, -1);
      assert.equal(mapped.length, own.length);
      for (const [at, line] of own.entries())
        if (line !== "" && !line.startsWith("FROM")) assert.equal(line, lines[mapped[at]! - 1]);
    }
  });

test("a foreign frontend gets stages' numbers, the target and all args as they are", () => {
  const text = "# syntax=x/y\nFROM a\nFROM b AS c\nFROM d\nCOPY --from=1 x y\n";
  const recipe = recipeOf(text, { target: "2", args: { A: "1" } });
  assert.equal(engineText(recipe, () => undefined).text, text);
  assert.deepEqual([recipe.target, recipe.args, recipe.keyedArgs], ["2", { A: "1" }, { A: "1" }]);
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
  `ADD --checksum=${commit} https://a.b/c.git#v1 /x`,
];

for (const body of pinned)
  test(`${body} is pinned, and reaches nothing of the context`, () =>
    assert.deepEqual(sources(`FROM a\n${body}`), []));

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
  // Only newer engines read a query; others fetch the address as it stands.
  [`ADD https://a.b/c.git?commit=${commit} /x`, `https://a.b/c.git?commit=${commit}`],
  [
    `ADD https://a.b/c.git?tag=v1&checksum=${commit} /x`,
    `https://a.b/c.git?tag=v1&checksum=${commit}`,
  ],
  [`ADD --checksum=${commit.slice(0, 12)} git@a.b:c#v1 /x`, "git@a.b:c#v1"],
  ["ADD $URL /x", "$URL"],
  ["ONBUILD ADD https://a.b/c /x", "https://a.b/c"],
];

for (const [body, source] of unpinned)
  test(`${body} is a mistake unless the configuration allows it`, () => {
    const [mistake, ...more] = mistakes(`FROM a\n${body}`);
    assert.ok(mistake?.includes(`ADD ${source} `) && mistake.includes("allow_add"), mistake);
    assert.deepEqual(more, []);
    assert.deepEqual(mistakes(`FROM a\n${body}`, { allowAdd: [source] }), []);
    assert.deepEqual(mistakes(`FROM a\n${body}`, { allowAdd: [`${source.slice(0, 3)}*`] }), []);
    assert.equal(mistakes(`FROM a\n${body}`, { allowAdd: ["x*", `${source}x`] }).length, 1);
  });

const valued = "a default, or a value under `args` in berth.yml";
const unknown = "cannot be known: $X may come from the base image";
const refused: readonly (readonly [string, readonly string[]])[] = [
  ["FROM $X", ["1:6: FROM $X: no ARG in front of the first FROM declares X"]],
  [
    "FROM $CI_REGISTRY_IMAGE/a",
    [
      "1:6: FROM $CI_REGISTRY_IMAGE/a: no ARG in front of the first FROM declares CI_REGISTRY_IMAGE; name an image of this project without it, as `parents` in berth.yml says",
    ],
  ],
  ["ARG X\nFROM $X", [`2:6: FROM $X: ARG X has no value; give it ${valued}`]],
  ['ARG X=""\nFROM $X', [`2:6: FROM $X: ARG X has no value; give it ${valued}`]],
  [
    "ARG X=\nARG Y\nFROM a/$Y:$X",
    [`3:6: FROM a/$Y:$X: ARG Y and X have no value; give them ${valued}`],
  ],
  [
    "ARG A\nARG C\nFROM $A/$C:1",
    [`3:6: FROM $A/$C:1: ARG A and C have no value; give them ${valued}`],
  ],
  ["FROM a\nARG X=b\nFROM $X", ["3:6: FROM $X: no ARG in front of the first FROM declares X"]],
  ["ARG X\nFROM ${X:?give-X}", ["2:6: FROM ${X:?give-X}: X: give-X"]],
  ["FROM A/b:c:d", ['1:6: "A/b:c:d" is no image reference']],
  ["FROM a\nCOPY --from=0 x y", ["2:13: stage 0 does not stand in front of this one"]],
  ["FROM a AS c\nCOPY --from=1 x y\nFROM c", ["2:13: stage 1 does not stand in front of this one"]],
  ["FROM a\nFROM b\nCOPY --from=7 x y", ["3:13: there is no stage 7"]],
  ["FROM a\nCOPY --from=$X x y", [`2:13: --from=$X ${unknown}`]],
  ["FROM a\nRUN --mount=from=$X,target=/x y", [`2:18: from=$X ${unknown}`]],
  ["FROM a\nRUN --mount=type=foo y", ['2:5: there is no mount type "foo"']],
  ['FROM a\nRUN --mount=type=bind,a\\"b y', ['2:5: --mount=type=bind,a"b is malformed']],
  ["FROM a\nCOPY ${X y", ["2:6: source \"${X\": missing '}' in a substitution"]],
  ["FROM a\nCOPY https://b/c y", ["2:6: COPY cannot fetch https://b/c; ADD can"]],
  ["FROM a\nCOPY x <<EOF\nEOF", ["2:8: a heredoc cannot be the destination"]],
  ["FROM a\nENV A=${B", ["2:5: ENV A: missing '}' in a substitution"]],
  ["FROM a AS x\nFROM a\nCOPY --from=x --from=y b c", ["3:15: --from is given twice"]],
  ["FROM scratch\nARG A=${B:?no}", ["2:5: ARG A: B: no"]],
  ["ARG A=${B:?no}\nFROM a", ["1:5: ARG A: B: no"]],
  [
    "a: b\n\tc\n",
    ["1:1: unknown instruction a:", "1:1: there is no FROM", "2:2: unknown instruction c"],
  ],
  [
    "a: b c\n\tdocker a\n\tdocker b\nb:\n\tdocker c\nc:\n",
    [
      "1:1: there is no FROM, and 6 lines are no instructions: where this is no Dockerfile, name it under `exclude` in berth.yml",
    ],
  ],
  ["FROM --platform=$X a", ["1:6: --platform is empty"]],
  [
    "FROM $TARGETVARIANT",
    [`1:6: FROM $TARGETVARIANT: ARG TARGETVARIANT has no value; give it ${valued}`],
  ],
  [
    "FROM $X\nFOO\nCOPY --from=3 a b\nADD http://x y",
    [
      "1:6: FROM $X: no ARG in front of the first FROM declares X",
      "2:1: unknown instruction FOO",
      "3:13: there is no stage 3",
      "4:5: ADD http://x is fetched and nothing pins its content: give --checksum=sha256:…, or name it in allow_add",
    ],
  ],
];

for (const [text, expected] of refused)
  test(`the mistakes of ${JSON.stringify(text)} are all named`, () => {
    const shown = mistakes(text).map((mistake) => mistake.replace("Dockerfile:", ""));
    assert.deepEqual(shown, expected);
  });

test("a stage that the target does not need may have mistakes of meaning", () =>
  assert.deepEqual(mistakes("FROM $X AS a\nADD http://x y\nFROM b"), []));

test("a target that is not there is a mistake that lists the stages", () => {
  const text = "FROM a AS x\nFROM b";
  assert.deepEqual(mistakes(text, { target: "z" }), [
    'Dockerfile:1:1: there is no stage "z"; stages are x, 1',
  ]);
  assert.equal(mistakes(text, { target: "2" }).length, 1);
});

test("a trigger that copies from a stage makes the stage count, and its image a use", () => {
  const text = "FROM x\nFROM a\nRUN 1\nFROM b AS t\nONBUILD COPY --from=1 x y\nFROM t\nRUN 2";
  const { uses, hashed } = recipeOf(text);
  assert.equal(uses.map(({ reference }) => reference).join(), "a,b");
  assert.equal(hashed, `${text.slice(7).replace("=1", "=0")}\n`);
});

test("a trigger that the target leaves is not read: another build gives it its meaning", () => {
  const text = "FROM x\nFROM a\nONBUILD COPY --from=1 x y\n";
  assert.equal(recipeOf(text).hashed, "FROM a\nONBUILD COPY --from=1 x y\n");
});

test("what one stage needs twice is one stage and one use", () => {
  const recipe = recipeOf("FROM a AS s\nFROM s AS t\nFROM s\nCOPY --from=t x y\nCOPY --from=s x y");
  assert.equal(recipe.stages.length, 3);
  assert.equal(recipe.uses.length, 1);
});

test("more stages than can be resolved are a mistake, not a crash", () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, at) => `FROM ${at === 0 ? "a" : `s${at - 1}`} AS s${at}`).join("\n");
  assert.equal(recipeOf(chain(500)).stages.length, 500);
  assert.deepEqual(mistakes(chain(501))[0], "Dockerfile:501:1: there are more than 500 stages");
});

test("steps say where they begin and end", () => {
  const { stages } = recipeOf("FROM a\n\n# c\nRUN b \\\n  c\nRUN <<E\nx\nE\nUSER d");
  const told = stages[0]!.steps.map(({ keyword, line, last }) => `${keyword} ${line} ${last}`);
  assert.deepEqual(told, ["from 1 1", "run 4 5", "run 6 8", "user 9 9"]);
});
