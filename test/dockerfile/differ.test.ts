import assert from "node:assert/strict";
import { test } from "node:test";
import type { Note, RecipeOptions } from "../../src/dockerfile/recipe.ts";
import { BerthError } from "../../src/errors.ts";
import { recipeOf } from "../support/recipe.ts";

/** What is refused, as `line:column message`, and what is noted. */
function read(text: string, options: Partial<RecipeOptions> = {}) {
  try {
    return { refused: [], notes: recipeOf(text, { allowAdd: ["*"], ...options }).notes };
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === "DOCKERFILE_INVALID");
    const refused = error.problems.map((one) => `${one.line}:${one.column} ${one.message}`);
    return { refused, notes: [] as readonly Note[] };
  }
}

const stage = "FROM a AS one\nRUN x\n";

/** Text, where it is refused, and a part of the message. */
const refused: readonly (readonly [string, string, RegExp, Partial<RecipeOptions>?])[] = [
  ["FROM a\nENV N=1\nARG N", "3:5", /ARG N stands where ENV N is set.*another name/],
  ["FROM a AS b\nENV N=1\nFROM b\nARG N=2", "4:5", /ENV N/],
  ["FROM a AS b\nONBUILD ARG N=2\nENV N=1\nFROM b", "2:13", /ENV N/],
  ['FROM a\nRUN ["b"] && c', "2:1", /JSON array.*into a command/],
  ['FROM a\nCMD ["b"] c', "2:1", /JSON array/],
  ['FROM a\nHEALTHCHECK CMD ["b"] c', "2:1", /JSON array/],
  ["FROM a\nRUN b \\\\\nRUN c", "2:1", /ends in \\\\/],
  ["FROM a\nRUN b \\\n  c \\\\\nRUN d", "3:1", /ends in \\\\/],
  ["# escape=`\nFROM a\nRUN b ``\nRUN c", "3:1", /ends in ``/],
  [`${stage}FROM 0`, "3:6", /FROM 0.*give the stage a name/],
  [`${stage}FROM a\nRUN --mount=from=0,target=/x y`, "4:18", /from=0.*give the stage a name/],
  ["FROM a AS One\nFROM one", "2:6", /other letters/],
  ["FROM a AS one\nFROM b\nCOPY --from=ONE x y", "3:13", /other letters/],
  ["FROM a\nCOPY --from=late x y\nFROM b AS late", "2:13", /also a stage/, { target: "0" }],
  ["FROM a AS own\nCOPY --from=own x y", "2:13", /also a stage/],
  ["FROM b AS x\nFROM a AS b\nCOPY --from=x c d", "1:6", /also a stage/],
  ["FROM a AS x\nFROM x AS x", "2:1", /two stages are called x/],
  ["FROM oci:folder", "1:6", /oci: as a transport/],
  ["FROM a\nCOPY --from=containers-storage:b x y", "2:13", /transport/],
  ["FROM a\nRUN --mount=type=bind,src=a,source=b,target=/x y", "2:1", /source twice/],
  ["FROM a\nRUN --mount=type=secret,type=bind,source=b,target=/x y", "2:1", /type twice/],
  ["FROM a\nRUN --mount=type=bind,ro,rw,target=/x y", "2:1", /readonly twice/],
  [
    "FROM a\nRUN --mount=target=/x --mount=type=tmpfs,dst=/x/ y",
    "2:1",
    /two mounts have the target \/x/,
  ],
  ["FROM a\nARG TARGETARCH", "2:5", /engine's own/, { args: { TARGETARCH: "x" } }],
  ["ARG X=$TARGETARCH\nFROM a\nARG X", "3:5", /made from TARGETARCH.*declare TARGETARCH/],
  ["FROM a AS b\nONBUILD RUN echo $X\nFROM b", "2:1", /without its ARGs/],
  ["FROM a\nONBUILD RUN <<E\nx\nE", "2:1", /ONBUILD has a heredoc/],
  ["FROM a\nRUN <<E\nx\r\nE", "2:1", /carriage returns/],
  ["FROM a\nCOPY <<E /x\nit's\nE", "2:1", /quote its name/],
  ["FROM a\nCOPY <<E /x\na\\\nE", "2:1", /quote its name/],
  ["FROM a\nADD << E /x\na\nE", "2:1", /white space stands behind <</],
  ["FROM a\nRUN <<-E\n\t#!/bin/x\n\tE", "2:1", /tab stands in front of #!/],
  ["FROM a\nRUN --network=none\u00a0x", "2:1", /not ASCII/],
  ["FROM a\nRUN --mount=type=cache,target=/ä x", "2:1", /not ASCII/],
  ["ARG SOURCE_DATE_EPOCH=1\nFROM a", "1:5", /SOURCE_DATE_EPOCH/],
  ["FROM a AS source_date_epoch", "1:1", /newer engines take times/],
  ["# check=skip=all\n# escape=`\nFROM a", "2:1", /make it the first line/],
  ["FROM a\nENV X=$$", "2:1", /parameter of the shell/],
  ["FROM a\nENV X=$11", "2:1", /parameter of the shell/],
  ["FROM a\nLABEL x=${?}", "2:1", /parameter of the shell/],
  ["FROM a\nARG A=b\nENV X=${A#'b'}", "3:1", /pattern/],
  ["FROM a\nCOPY --chmod=u+x b /c", "2:1", /octal digits/],
  ["FROM a\nARG M=700\nADD --chmod=$M b /c", "3:1", /octal digits/],
  ["FROM a\nARG TARGETSTAGE", "2:1", /only BuildKit sets TARGETSTAGE/],
  ["FROM a-$TARGETSTAGE", "1:1", /only BuildKit sets TARGETSTAGE/],
  ["FROM a\nARG A=a B=$A", "2:1", /ARG B uses A of the same ARG/],
  ["FROM deb\\\nian", "1:6", /continued on the next line/],
  ["FROM a AS Build", "1:11", /write both alike/, { target: "build" }],
];

for (const [text, place, message, options] of refused)
  test(`${JSON.stringify(text)} is refused at ${place}`, () => {
    const found = read(text, options).refused;
    assert.equal(found.length, 1, found.join("\n"));
    assert.equal(found[0]!.split(" ")[0], place);
    assert.match(found[0]!, message);
  });

/** Near to what is refused, and read alike. */
const fine: readonly (readonly [string, Partial<RecipeOptions>?])[] = [
  ["FROM a\nARG N\nENV N=$N"],
  ["FROM a AS b\nENV N=1\nFROM c\nARG N"],
  ['FROM a\nRUN ["b", "c"]'],
  ["FROM a\nRUN [ -e x ] && y"],
  ["FROM a\nRUN echo '\\\\' b"],
  ["FROM a\nRUN echo b\n# ends in \\\\\nRUN c"],
  ["FROM alpine AS alpine"],
  ["FROM a AS one\nFROM b\nCOPY --from=one x y"],
  ["FROM a\nFROM b\nCOPY --from=0 x y"],
  ["FROM docker:dind"],
  ["FROM docker:20.10"],
  ["FROM a\nRUN --mount=type=bind,source=a,target=/x,ro y"],
  ["ARG X=b-$TARGETARCH\nFROM $X"],
  ['FROM a\nSHELL ["b"]\nCMD ["c"]\nRUN d'],
  ["FROM a AS b\nCMD x\nFROM b"],
  ["FROM a\nONBUILD RUN echo $X"],
  ["FROM a\nCOPY <<'E' /x\nit's\nE"],
  ["FROM a\nRUN <<-E\n#!/bin/x\n\tE"],
  ["FROM a\nRUN --network=default x ä"],
  ["FROM a\nENV X=\\$\\$"],
  ["FROM a\nRUN echo $$ $?"],
  ["FROM a\nARG A=a\nARG B=$A"],
  ["# escape=`\nFROM a\nRUN b"],
  ["FROM a\nARG TARGETOS=linux TARGETARCH=amd64"],
  ["FROM a\nRUN b\nVOLUME /c\nCOPY d /c/"],
  ["FROM a\nUSER b\nWORKDIR /home/b"],
  ["FROM a\nWORKDIR /c\nUSER b\nCOPY d .\nUSER 0:0\nWORKDIR e\nCOPY d ."],
  [
    "FROM a\nUSER b\nWORKDIR /c\nRUN d\nCOPY e .\nWORKDIR /f\nCOPY e /g\nCOPY e .\nWORKDIR h\nCOPY e $I",
  ],
  ["FROM a\nRUN --mount=target=/x --mount=type=cache,target=/x/y --mount=type=secret,id=b c"],
  ["FROM a\nCOPY c /d\nRUN --mount=target=/x,rw b\nRUN --mount=type=cache,target=/x,rw b"],
  ["FROM a\nRUN --mount=target=/x,readonly=true b\nRUN --mount=target=/x,rw=false b\nCOPY c /d"],
  [`${stage}FROM b\nRUN --mount=from=one,target=/x,rw c\nCOPY d /e`],
  // As CMake has it: nothing else reads of the stage.
  [
    `${stage}FROM b\nRUN --mount=type=cache,from=one,target=/x c\nRUN --mount=type=cache,from=one,target=/x d`,
  ],
  [
    "FROM a\nARG P=80\nEXPOSE $P/udp 8080 $OF_BASE\nCMD []\nENTRYPOINT []\nCOPY --chmod=0755 b $OF_BASE /c",
  ],
  ["FROM a\nCOPY <<E /x\n\nE\nRUN <<E\nE"],
  ["# syntax=docker/dockerfile:1\nFROM a\nCOPY --chmod=u+x b /c"],
  ["FROM a\nCOPY --exclude=**/*.o --exclude=!**/c b /d\nCOPY --exclude=*.o . /e"],
  ["FROM a\nCOPY --parents b/**/c /d/\nCOPY */* /**/"],
  ["FROM a\nEXPOSE 53/tcp 53/udp\nEXPOSE 53 8053"],
  // Of `${…}` most is the same, and what only the base sets is not looked at.
  [
    "ARG V=1.2.3\nARG M=${V%%.*}\nFROM a:$M\nARG V=v1.2-rc/x\nENV A=${V#v} B=${V%/*} C=${V#*-} D=${V/-rc/}",
  ],
  ["FROM a\nARG V=1.2.3\nLABEL a=${V//./_} b=${V/1./} c=${V##*.} d=${V%.3} e=${V%}"],
  [
    "FROM a\nARG V=v3\nENV A=${V:-${V##*/}} B=${V:+${V%3}} C='${V##*/}' D=${OF_BASE##*/} E=${V:?no}",
  ],
  ["FROM a\nARG http_proxy\nENV p=$http_proxy", { args: { http_proxy: "b" } }],
  ["FROM a\nENV no_proxy=c p=$no_proxy\nENV p=$no_proxy", {}],
  ["FROM a\nENV p=$no_proxy\nRUN echo $http_proxy", { args: { http_proxy: "b" } }],
  // What the target does not need may be read as it likes.
  ["FROM a AS x\nENV N=1\nARG N\nFROM b"],
];

for (const [text, options] of fine)
  test(`${JSON.stringify(text)} is read alike by both engines`, () =>
    assert.deepEqual(read(text, options), { refused: [], notes: [] }));

const proxied = { args: { http_proxy: "b" } };

/** What only buildah reads otherwise, the version up to which it does. */
const noted: readonly (readonly [string, number | undefined, RegExp, Partial<RecipeOptions>?])[] = [
  [
    "FROM a AS b\nARG X=1\nFROM b\nRUN echo $X\nRUN $X",
    40,
    /X is an ARG of a stage below.*declare it here/,
  ],
  ["FROM a AS b\nARG Y=1\nARG X=$Y\nFROM b\nENV Z=${X}", undefined, /X is an ARG/],
  ["FROM a AS b\nARG X=1\nFROM b AS c\nFROM c\nRUN <<E\necho $X\nE", 40, /X is an ARG/],
  ["FROM a AS b\nARG X=1\nFROM b\nARG Y=$X", 40, /X is an ARG/],
  ["FROM a AS b\nARG X=1\nFROM b\nARG X\nRUN echo $X", 40, /X is an ARG.*with its default/],
  ["# escape=`\nFROM a\nENV X=c:\\b", undefined, /escape=`/],
  ["# syntax=docker/dockerfile:1\n# escape=`\nFROM a", undefined, /make it the first line/],
  ["FROM a\nARG TARGETARCH=arm64", undefined, /TARGETARCH is the engine's own/],
  ["FROM a\nARG TARGETPLATFORM=linux/amd64", undefined, /TARGETPLATFORM is the engine's own/],
  ["ARG BUILDOS=linux\nFROM a:$BUILDOS", undefined, /BUILDOS is the engine's own/],
  ['FROM a\nSHELL ["b"]\nCMD c', undefined, /CMD in shell form.*JSON array/],
  ['FROM a AS b\nSHELL ["b"]\nFROM b\nENTRYPOINT c', undefined, /ENTRYPOINT in shell form/],
  [`FROM a\nADD https://x/y.git#${"0".repeat(40)} /z`, 29, /git repository/],
  ['FROM a\nSHELL ["b"]\nONBUILD CMD c', undefined, /CMD in shell form/],
  ["FROM a\nCOPY b/** c /d/", undefined, /one level to BuildKit/],
  ['FROM a AS b\nFROM a\nCOPY --from=b ["/**/c", "/d/"]', undefined, /one level to BuildKit/],
  ["FROM a\nENV X=*\nCOPY --from=b /c/${X}* /d/", undefined, /one level to BuildKit/],
  ["FROM a\nCOPY --exclude=*.o b /d", undefined, /begin its pattern with \*\*/],
  ["FROM a\nCOPY --from=b --exclude=c /b /d", undefined, /from the source on/],
  ["FROM a\nEXPOSE 8000-8010", undefined, /each by itself/],
  ["FROM a\nEXPOSE 80/TCP", undefined, /small letters/],
  ["FROM a\nENV P=80-81\nONBUILD EXPOSE $P\nEXPOSE 8080 $P/udp", undefined, /each by itself/],
  ["FROM a\nCMD", undefined, /write CMD \[\]/],
  ["FROM a\nONBUILD ENTRYPOINT", undefined, /write ENTRYPOINT \[\]/],
  ["FROM a\nCOPY <<E b /x/\nE", undefined, /empty heredoc/],
  ["FROM a\nRUN --mount=target=/x,rw b\nCOPY c /d", 39, /keeps what RUN writes/],
  [
    `${stage}FROM b\nRUN --mount=from=one,target=/x,ro=false d\nCOPY --from=one e /f`,
    39,
    /mount it read-only/,
  ],
  [
    `${stage}FROM b\nRUN --mount=type=cache,from=one,target=/x c\nRUN --mount=from=one,target=/y d`,
    undefined,
    /mount it read-only/,
  ],
  ["FROM a\nVOLUME /x\nRUN b\nRUN c", 37, /VOLUME behind the last RUN/],
  ["FROM a AS b\nVOLUME /x\nFROM b\nRUN c", 37, /VOLUME behind the last RUN/],
  ["FROM a\nUSER b\nWORKDIR /c\nCOPY d .\nCOPY e .", undefined, /write WORKDIR above USER/],
  ['FROM a AS b\nUSER 1:0\nFROM b\nWORKDIR c\nADD ["d", "./e/"]', undefined, /root's to buildah/],
  ["FROM a\nEXPOSE 53\nEXPOSE 80 53/udp", 42, /leaves out 53\/udp.*in one EXPOSE/],
  ["FROM a AS b\nEXPOSE $P/udp\nFROM b\nEXPOSE $P/tcp", 42, /leaves out \$P\/tcp/],
  ["FROM a\nRUN --network=none b", undefined, /machine's network for --network=none/],
  ["FROM a\nARG V=b/c/d\nENV A=${V##*/}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=b/c/d\nLABEL a=${V%%/*}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=b/c\nWORKDIR /x/${V/b*/d}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=v3\nUSER ${V#v}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=v3\nCOPY --chown=${V##v3}0 b /c", undefined, /an ARG of its own/],
  ["FROM a\nENV V=b/\nVOLUME /${V%%/}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=v3\nARG W=${V%*}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=b1\nENV A=${V//[0-9]/_}", undefined, /an ARG of its own/],
  ["FROM a\nARG V=b1\nENV A=${V/#b/c}", undefined, /an ARG of its own/],
  ["FROM a\nENV V=\nENV A=${V/*/c}", undefined, /an ARG of its own/],
  ["FROM a\nARG V\nENV A=${V:?no-V}", undefined, /takes what :\? says for a value/],
  ["ARG V=b/c/d\nARG W=${V##*/}\nFROM a\nARG W", undefined, /an ARG of its own/],
  ["FROM a\nENV p=$http_proxy", undefined, /knows http_proxy without an ARG/, proxied],
  ["ARG X=$http_proxy\nFROM a\nARG X", undefined, /write ARG http_proxy above/, proxied],
];

for (const [text, below, message, options] of noted)
  test(`${JSON.stringify(text)} is noted for buildah`, () => {
    const { refused: none, notes } = read(text, options);
    assert.deepEqual(none, []);
    assert.equal(notes.length, 1);
    assert.equal(notes[0]!.buildah.below, below);
    assert.match(notes[0]!.message, message);
  });

test("an inherited ARG that is declared again with a value, or is an ENV by then, needs no note", () => {
  for (const rest of ["FROM b\nARG X=1\nRUN echo $X", "ENV X=$X\nFROM b\nRUN echo $X"])
    assert.deepEqual(read(`FROM a AS b\nARG X=1\n${rest}`), { refused: [], notes: [] });
});
