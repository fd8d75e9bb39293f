import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { bundle } from "../../scripts/bundle.ts";
import { version } from "../../src/cli/program.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

const sources = join(import.meta.dirname, "../../src/cli.ts");
let folder: Folder;

before(async () => {
  folder = await temporaryFolder("berth-bundle-");
  await bundle(join(folder.path, "dist"));
});
after(() => folder.remove());

function berth(entry: "bundle" | "sources", cwd: string, args: string[], env = {}): string {
  const file = entry === "bundle" ? join(folder.path, "dist/berth.js") : sources;
  const options = { cwd, env: { ...process.env, ...env }, encoding: "utf8" } as const;
  return execFileSync(process.execPath, [file, ...args], options);
}

const files = {
  Dockerfile: "FROM debian\nCOPY data /data\n",
  "data/file": "content\n",
  "other.docker": "FROM project/image AS a\nRUN make\n",
};

test("the bundle gives the keys that the sources give", (t) => {
  const { path } = makeRepository(t, { ...files, "berth.yml": "parents: project/{name}\n" });
  for (const args of [["key", "--json"], ["key"], ["--json", "key", "other"]]) {
    const [bundled, direct] = [berth("bundle", path, args), berth("sources", path, args)];
    assert.equal(bundled, direct);
    assert.match(bundled, /[0-9a-f]{64}/);
  }
  const repository = makeRepository(t, files);
  repository.commit();
  const args = ["key", "--rev", "HEAD", "--json"];
  const bundled = berth("bundle", repository.path, args);
  assert.equal(bundled, berth("bundle", repository.path, ["key", "--json"]));
});

test("the bundle is a package that installs alone and runs", (t) => {
  const cwd = temporary(t);
  const PATH = `${dirname(process.execPath)}:${process.env["PATH"]}`;
  const env = { ...process.env, PATH, HOME: cwd };
  const npm = (...args: string[]) => execFileSync("npm", args, { cwd, env, encoding: "utf8" });
  const file = npm("pack", "--silent", join(folder.path, "dist")).trim();
  writeFileSync(join(cwd, "package.json"), "{}");
  npm("install", "--offline", "--no-audit", "--no-fund", "--silent", `./${file}`);
  const installed = readdirSync(join(cwd, "node_modules")).sort();
  assert.deepEqual(installed, [".bin", ".package-lock.json", "@berth-ci"]);
  const command = join(cwd, "node_modules/.bin/berth");
  const { path } = makeRepository(t, files);
  const run = (...args: string[]) =>
    execFileSync(command, args, { cwd: path, env, encoding: "utf8" });
  assert.match(run("--version"), /^\d+\.\d+\.\d+\n$/);
  assert.match(run("key"), /[0-9a-f]{64}/);
  assert.match(run("help", "trust"), /^# Trust\n/);
  // Its components are in it.
  const include = "include: [{ component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0 }]\n";
  const ci = `${include}check: { extends: .berth-use, script: a }\n`;
  writeFileSync(join(path, ".gitlab-ci.yml"), ci);
  assert.match(run("doctor", "--pipelines"), /^1 {2}push to main +3 jobs$/m);
});

test("the bundle says its version and lists its commands", (t) => {
  const cwd = temporary(t);
  assert.match(berth("bundle", cwd, ["--version"]), /^\d+\.\d+\.\d+\n$/);
  for (const args of [["--help"], ["help", "trust"]])
    assert.equal(berth("bundle", cwd, args), berth("sources", cwd, args));
});

/** Runs the bundle at home in a folder, and gives the files that it holds afterwards. */
function started(cwd: string, variables: Readonly<Record<string, string>>): readonly string[] {
  const { NODE_COMPILE_CACHE: _, XDG_CACHE_HOME: _1, ...env } = process.env;
  const file = join(folder.path, "dist/berth.js");
  execFileSync(process.execPath, [file, "--version"], {
    cwd,
    env: { ...env, HOME: cwd, TMPDIR: cwd, ...variables },
  });
  const all = readdirSync(cwd, { recursive: true, encoding: "utf8" });
  return all.filter((path) => statSync(join(cwd, path)).isFile());
}

test("compiled code is kept in a folder that the user alone can write", (t) => {
  const cwd = temporary(t);
  for (const [variables, place] of [
    [{}, ".cache/berth/compiled"],
    [{ XDG_CACHE_HOME: join(cwd, "xdg") }, "xdg/berth/compiled"],
  ] as const) {
    mkdirSync(join(cwd, "xdg"), { recursive: true });
    assert.ok(started(cwd, variables).some((path) => path.startsWith(`${place}/`)));
    assert.equal(statSync(join(cwd, place)).mode & 0o777, 0o700);
  }
});

/** What is wrong with a folder for compiled code, and how it comes about in this home. */
const foreign: Readonly<Record<string, (home: string, place: string) => Record<string, string>>> = {
  "others may write it": (_, place) => {
    chmodSync(place, 0o777);
    return {};
  },
  "others may replace it": (_, place) => {
    chmodSync(dirname(place), 0o777);
    return {};
  },
  "it is a link": (home, place) => {
    renameSync(place, join(home, "elsewhere"));
    symlinkSync(join(home, "elsewhere"), place);
    return {};
  },
  "there is no home": () => ({ HOME: "" }),
  "the home is not there": (home) => ({ HOME: join(home, "nowhere") }),
  "the home is another user's": (home) => {
    if (process.getuid?.() !== 0) return { HOME: "/" };
    chownSync(home, 12345, 12345);
    return {};
  },
};
for (const [what, spoil] of Object.entries(foreign))
  test(`nothing compiled is read or kept where ${what}`, (t) => {
    const home = temporary(t);
    const place = join(home, ".cache/berth/compiled");
    mkdirSync(place, { recursive: true, mode: 0o700 });
    assert.deepEqual(started(home, spoil(home, place)), []);
  });

/** The bundle in a folder of its own, and in it the code that is compiled in the tool image. */
function compiled(t: TestContext): { readonly dist: string; readonly code: readonly string[] } {
  const dist = join(temporary(t), "dist");
  cpSync(join(folder.path, "dist"), dist, { recursive: true });
  execFileSync(process.execPath, ["--random-seed=1", join(dist, "compile.js")]);
  const compiled = join(dist, "compiled");
  return { dist, code: readdirSync(compiled).map((name) => join(compiled, name)) };
}

test("the compiled code of the tool image is the same bytes each time", (t) => {
  const bytes = (files: readonly string[]) =>
    files.map((file) => readFileSync(file).toString("base64"));
  const [one, other] = [compiled(t), compiled(t)];
  assert.notEqual(one.dist, other.dist);
  const names = ({ code }: typeof one) => code.map((file) => basename(file));
  assert.deepEqual(names(one), names(other));
  assert.deepEqual(bytes(one.code), bytes(other.code));
});

test("what the tool image starts compiled loads its libraries, whenever a command needs them", (t) => {
  const { dist } = compiled(t);
  assert.equal(/\bimport\(/.test(readFileSync(join(dist, "main.js"), "utf8")), false);
  const { path } = makeRepository(t, { ...files, ".gitlab-ci.yml": "a: { script: b }\n" });
  const doctor = (file: string) =>
    spawnSync(process.execPath, [file, "doctor", "--all"], { cwd: path, encoding: "utf8" }).stdout;
  // It looks for engines, for which a library starts programs.
  assert.match(doctor(join(dist, "berth.js")), /buildah|docker/);
  assert.equal(doctor(join(dist, "berth.js")), doctor(sources));
});

/** What becomes of compiled code, what Node is started with, and whether V8 takes it then. */
const fates: Readonly<
  Record<string, { spoil?: (code: Buffer) => Buffer; flags?: string[]; isTaken: boolean }>
> = {
  "as it was made": { isTaken: true },
  "by another V8": { spoil: (code) => code.fill(7, 4, 8), isTaken: false },
  "cut off": { spoil: (code) => code.subarray(0, 1000), isTaken: false },
  empty: { spoil: () => Buffer.alloc(0), isTaken: false },
  "for other flags": { flags: ["--no-opt"], isTaken: false },
};
for (const [what, { spoil, flags = [], isTaken }] of Object.entries(fates))
  test(`compiled code ${what} is ${isTaken ? "taken" : "left alone"}`, (t) => {
    const { dist, code } = compiled(t);
    const { path } = makeRepository(t, { ...files, "berth.yml": "parents: project/{name}\n" });
    const sizes = code.map((file) => statSync(file).size);
    for (const file of code) if (spoil) writeFileSync(file, spoil(readFileSync(file)));
    const args = [...flags, "--profile-deserialization", join(dist, "berth.js"), "key"];
    const env = { ...process.env, HOME: "" };
    const output = execFileSync(process.execPath, args, { cwd: path, env, encoding: "utf8" });
    assert.ok(output.endsWith(berth("bundle", path, ["key"])), output);
    const read = [...output.matchAll(/Deserializing from (\d+) bytes/g)].map(([, size]) =>
      Number(size),
    );
    assert.deepEqual(
      sizes.map((size) => read.includes(size)),
      sizes.map(() => isTaken),
    );
  });

test("compiled code of another text is not read", (t) => {
  const { dist } = compiled(t);
  const main = join(dist, "main.js");
  const text = readFileSync(main, "utf8");
  // Another character would make Node read and keep it in twice the bytes.
  assert.match(text, /^[\0-\x7f]*$/);
  // As long as before, which is all that V8 would look at.
  writeFileSync(main, text.replace(`"${version}"`, `"9.9.9"`));
  const said = execFileSync(process.execPath, [join(dist, "berth.js"), "--version"], {
    encoding: "utf8",
  });
  assert.equal(said, "9.9.9\n");
});
