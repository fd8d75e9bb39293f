/** What only buildah makes otherwise, or versions of it, made by the real engines: each note is told of where it is true, and not elsewhere. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readSettings } from "../../src/build/bases.ts";
import { parseBuildahVersion } from "../../src/build/buildah-input.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { busyboxLayer } from "../support/bases.ts";
import { imageConfig } from "../support/filetree.ts";
import { type ImageSettings, pushImage } from "../support/images.ts";
import { recipeOf } from "../support/recipe.ts";
import { subjects } from "./subjects.ts";
import { failure, openWorkshop, type Workshop } from "./workshop.ts";

/** Text and context, and what BuildKit makes: the content of `/m`, or a part of the image's settings. */
interface Row {
  readonly text: string;
  readonly makes: string | object;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string>>;
  /** Of its base. */
  readonly settings?: ImageSettings;
  /** Older versions of buildah make the same, and are told of the note too. */
  readonly since?: number;
}

const rows: Readonly<Record<string, Row>> = {
  "a bind mount that is written to": {
    text: "FROM BASE\nRUN --mount=target=/x,rw echo b > /x/f\nCOPY f /m\n",
    makes: "a\n",
    files: { f: "a\n" },
  },
  "a cache that begins as a stage": {
    text: "FROM BASE AS one\nRUN echo a > /f\nFROM BASE\nRUN --mount=type=cache,from=one,target=/x echo b > /x/f\nRUN --mount=from=one,target=/y cp /y/f /m\n",
    makes: "a\n",
  },
  "RUN behind VOLUME": {
    text: "FROM BASE\nRUN mkdir /v\nVOLUME /v\nRUN echo a > /v/f\nRUN cat /v/f > /m; true\n",
    makes: "a\n",
  },
  "** in a source": {
    text: "FROM BASE\nENV X=*\nCOPY d/${X}*/f /m\n",
    makes: "a\n",
    files: { "d/a/f": "a\n", "d/a/b/f": "b\n", "d/z/b/c/f": "z\n" },
    since: 33,
  },
  "a range of ports": {
    text: "FROM BASE\nEXPOSE 8000-8001/UDP\n",
    makes: { ExposedPorts: { "8000/udp": {}, "8001/udp": {} } },
  },
  "an empty CMD": { text: "FROM BASE\nCMD\n", makes: { Cmd: ["/bin/sh", "-c", ""] } },
  "an empty heredoc": { text: "FROM BASE\nCOPY <<E /m\nE\n", makes: "" },
  "an ARG of a stage below": {
    text: 'FROM BASE AS b\nARG X=1\nFROM b\nRUN echo "<$X>" > /m\n',
    makes: "<1>\n",
  },
  "another escape": {
    text: "# escape=`\nFROM BASE\nLABEL x=c:\\b\n",
    makes: { Labels: { x: "c:\\b" } },
  },
  "an arg of the engine's own": {
    text: "FROM BASE\nARG TARGETARCH=other\nRUN echo $TARGETARCH > /m\n",
    makes: "other\n",
  },
  "the last part of a path": {
    text: "FROM BASE\nARG X=a/b/c\nLABEL x=${X##*/}\n",
    makes: { Labels: { x: "c" } },
  },
  "a number behind a letter": {
    text: "FROM BASE\nARG X=v3\nRUN echo ${X#v} > /m\nWORKDIR /${X#v}\n",
    makes: { WorkingDir: "/3" },
  },
  "a port of two protocols": {
    text: "FROM BASE\nEXPOSE 53/tcp\nEXPOSE 53/udp\n",
    makes: { ExposedPorts: { "53/tcp": {}, "53/udp": {} } },
  },
  "a WORKDIR of a user": {
    text: "FROM BASE\nUSER 4:4\nWORKDIR /w\nCOPY f .\nUSER 0\nRUN stat -c %u:%g /w > /m\n",
    makes: "4:4\n",
    files: { f: "a\n" },
  },
  "a proxy that no ARG declares": {
    text: "FROM BASE\nWORKDIR /w$http_proxy\n",
    args: { http_proxy: "x" },
    makes: { WorkingDir: "/w" },
  },
  "a RUN without network": {
    text: "FROM BASE\nRUN --network=none grep -c : /proc/net/dev > /m\n",
    makes: "1\n",
  },
  "CMD behind SHELL": {
    text: 'FROM BASE\nSHELL ["/bin/ash", "-c"]\nCMD true\n',
    makes: { Cmd: ["/bin/ash", "-c", "true"] },
  },
  "CMD on a base with a SHELL": {
    text: "FROM BASE\nCMD true\n",
    makes: { Cmd: ["/bin/ash", "-c", "true"] },
    settings: { Shell: ["/bin/ash", "-c"] },
  },
  "a port of which the base has another protocol": {
    text: "FROM BASE\nEXPOSE 53/udp\n",
    makes: { ExposedPorts: { "53/tcp": {}, "53/udp": {} } },
    settings: { ExposedPorts: { "53/tcp": {} } },
  },
  "a WORKDIR of the base's user": {
    text: "FROM BASE\nWORKDIR /w\nCOPY f .\nUSER 0\nRUN stat -c %u:%g /w > /m\n",
    makes: "4:4\n",
    files: { f: "a\n" },
    settings: { User: "4:4" },
  },
};

/** No note is about BuildKit, of which one version stands for what the rows say. */
const { docker: _, ...told } = subjects;

for (const [name, make] of Object.entries(told))
  describe(name, () => {
    const workshop = openWorkshop(make);
    for (const [what, row] of Object.entries(rows))
      test(`${name} makes ${what} as its note says`, async (t) => {
        const { heredocs } = workshop.subject();
        const base = await baseWith(workshop, row.settings);
        const dockerfile = row.text.replaceAll("BASE", base.reference);
        const isNew = /<<|\$\{X#|--network/.test(dockerfile);
        if (isNew && !heredocs) return t.diagnostic("it knows neither heredocs nor their like");
        const notes = recipeOf(dockerfile, { args: row.args ?? {} }).notesOn(() => base.leaves);
        assert.notEqual(notes.length, 0);
        const minor = await minorOf(workshop);
        const differs = notes.some(
          ({ buildah: { below = Number.POSITIVE_INFINITY } }) =>
            minor < below && minor >= (row.since ?? 0),
        );
        const { file, config } = await madeOf(workshop, dockerfile, row.files, row.args);
        const [found, wanted] =
          typeof row.makes === "string"
            ? [file, { kind: "file", mode: 0o644, sha: digestOf(row.makes) }]
            : [Object.keys(row.makes).map((key) => config[key]), Object.values(row.makes)];
        if (differs) assert.notDeepEqual(found, wanted);
        else assert.deepEqual(found, wanted);
      });

    test(`${name} keeps what RUN writes to a volume of its base, or is not given it`, async () => {
      const layer = await busyboxLayer();
      // A stage's name is none of the image whose id begins with it, and no name begins with a digit.
      let [digest, id] = [digestOf(""), "0"];
      for (let n = 0; /^\d/.test(id); n++) {
        const settings = { Volumes: { "/tmp": {} }, Env: [`N=${n}`] };
        digest = await pushImage(workshop.host(), "bases/volume", "1", layer, settings);
        const config = await imageConfig(workshop.host(), "bases/volume", digest);
        id = digestOf(JSON.stringify(config)).slice("sha256:".length, 20);
      }
      const base = `FROM ${workshop.host()}/bases/volume@${digest}\n`;
      const building = madeOf(workshop, `${base}RUN echo a > /tmp/f\nRUN cp /tmp/f /m; true\n`);
      if ((await minorOf(workshop)) < 37) {
        const told = /docker:2: buildah 1\.\S+ takes back .* volumes of the base \(\/tmp\)/;
        assert.match((await failure(building, "BUILD_FAILED")).message, told);
        const namesake = madeOf(workshop, `FROM ${id} AS ${id}\nRUN echo a > /tmp/f\n`);
        assert.match((await failure(namesake, "BUILD_FAILED")).message, told);
      } else assert.equal((await building).file?.kind, "file");
      assert.equal((await madeOf(workshop, `${base}ENV A=b\n`)).file, undefined);
      const stages = `FROM ${workshop.base()} AS ${id}\nFROM ${id}\nRUN echo a > /m\n`;
      assert.equal((await madeOf(workshop, stages)).file?.kind, "file");
    });

    test(`${name} leaves what a mount is put upon in the image, or is not given it`, async () => {
      const text = `FROM ${workshop.base()}\nRUN mkdir /m1 && echo a > /m1/f\n`;
      const target = "type=tmpfs,target=/m1";
      const dockerfile = `${text}RUN --mount=${target} touch /m1/g\nRUN cp /m1/f /m; true\n`;
      const { file } = await madeOf(workshop, dockerfile);
      const building = workshop.build({ repository: "notes/upon", dockerfile });
      if ((await minorOf(workshop)) < 31) {
        assert.equal(file, undefined);
        const told = /docker:3: buildah 1\.\S+ takes out of the image what is there/;
        assert.match((await failure(building, "BUILD_FAILED")).message, told);
      } else {
        assert.equal(file?.kind, "file");
        await building;
      }
    });

    test(`${name} gives RUN no volume of the machine's own`, async (t) => {
      const at = join(workshop.folder(), "volume");
      await mkdir(at);
      const own = join(at, "containers.conf");
      await writeFile(own, `[containers]\nvolumes = ["${at}:/volume"]\n`);
      process.env["CONTAINERS_CONF"] = own;
      t.after(() => void delete process.env["CONTAINERS_CONF"]);
      const { file } = await madeOf(
        workshop,
        `FROM ${workshop.base()}\nRUN test -e /volume || echo none > /m\n`,
      );
      assert.equal(file?.kind, "file");
    });
  });

/** The base with busybox, or one like it with settings of its own, and what that leaves in force. */
async function baseWith(workshop: Workshop, settings: ImageSettings | undefined) {
  if (settings === undefined) return { reference: workshop.base(), leaves: undefined };
  const repository = "bases/settings";
  const digest = await pushImage(workshop.host(), repository, "1", await busyboxLayer(), settings);
  const config = JSON.stringify(await imageConfig(workshop.host(), repository, digest));
  const { leaves } = readSettings(Buffer.from(config), repository);
  return { reference: `${workshop.host()}/${repository}@${digest}`, leaves };
}

/** Of buildah's version; no note is about another engine. */
async function minorOf(workshop: Workshop): Promise<number> {
  const { engine } = workshop.subject();
  const version = parseBuildahVersion(`version ${await engine.check()} `);
  return engine.name === "buildah" ? version!.minor : Number.POSITIVE_INFINITY;
}

async function madeOf(
  workshop: Workshop,
  dockerfile: string,
  context: Readonly<Record<string, string>> = {},
  args: Readonly<Record<string, string>> = {},
) {
  const repository = "notes/x";
  // What is told apart from notes has tests of its own.
  const traits = { ...recipeOf(dockerfile, { args }).traits, upon: undefined };
  const wanted = { repository, dockerfile, context, args, traits, notes: [] };
  const { digest } = await workshop.build(wanted);
  const { config } = await imageConfig(workshop.host(), repository, digest);
  const tree = await workshop.tree(repository, digest);
  return { config: config as Readonly<Record<string, unknown>>, file: tree.get("m") };
}
