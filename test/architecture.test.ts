import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import {
  circles,
  closureOf,
  dust,
  longFunctions,
  readSources,
  typesTwice,
} from "../scripts/figures.ts";

const src = join(import.meta.dirname, "../src");

/** Lines of the house, the lowest first; a part imports itself and lower lines, never its neighbours. */
const lines: readonly (readonly string[])[] = [
  ["errors.ts", "world.ts", "json.ts", "nearest.ts", "printable.ts", "zod.ts"],
  ["oci"],
  ["context", "http"],
  ["dockerfile"],
  ["registry", "gitlab", "image"],
  ["config"],
  ["plan"],
  ["build", "publish", "explain", "pipelines"],
  ["output"],
  ["prune", "doctor", "init", "report", "run"],
  ["executor"],
  ["host"],
  ["cli", "cli.ts"],
];

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

function partOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function lineOf(part: string): number {
  return lines.findIndex((line) => line.includes(part));
}

function importsOf(text: string): string[] {
  const statements = /^(?:import|export)\s[^;"'=()]*?\bfrom\s+"([^"]+)"/gm;
  const dynamic = /\bimport\(\s*"([^"]+)"/g;
  return [...text.matchAll(statements), ...text.matchAll(dynamic)].map((match) => match[1] ?? "");
}

/** The code of a file without its comments, so that prose may name what code may not use. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

test("every file belongs to a line of the house", () => {
  const homeless = files.filter((file) => lineOf(partOf(file)) < 0);
  assert.deepEqual(homeless, []);
});

test("imports point down", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const from = partOf(file);
    for (const target of importsOf(readFileSync(join(src, file), "utf8"))) {
      if (!target.startsWith(".")) continue;
      const to = partOf(relative(src, join(src, dirname(file), target)));
      const neighbour = from === to || lineOf(to) < lineOf(from);
      const sharedWords = lineOf(from) === 0 && lineOf(to) === 0;
      const entry = from === "cli.ts" && to === "cli";
      if (!neighbour && !sharedWords && !entry) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no files import each other, not around corners either", () =>
  assert.deepEqual(circles(readSources()), []));

test("no command of the core needs a companion before it asks for one", () => {
  const companions = ["explain", "report", "pipelines", "doctor", "init", "run", "executor"];
  const core = ["key", "plan", "ensure", "build", "publish", "promote", "prune"];
  const sources = readSources();
  const wrong = core.flatMap((verb) =>
    [...closureOf(`cli/${verb}.ts`, sources)].filter((file) => companions.includes(partOf(file))),
  );
  assert.deepEqual(wrong, []);
});

test("a type's name is exported once", () => assert.deepEqual([...typesTwice(readSources())], []));

test("only the edge touches the outside", () => {
  const edge = new Set(["host", "cli", "cli.ts"]);
  const pureModules = new Set([
    ...["node:crypto", "node:path/posix", "node:stream", "node:stream/promises"],
    ...["node:buffer", "node:util"],
  ]);
  const libraries = new Set([
    ...["@gitbeaker/rest", "diff", "dockerfile-ast", "vscode-languageserver-types", "p-limit"],
    ...["re2js", "tar-stream", "yaml", "zod/mini", "zod/v4/locales/en.js"],
  ]);
  const effects =
    /(?<![.\w])process\.|\bDate\.now\(|\bnew Date\(\)|(?<![.\w])fetch\(|\bMath\.random\(|\b(?:setTimeout|AbortSignal\.timeout)\(|\bconsole\./;
  // Of its module this is what only reckons.
  const addresses = 'import { BlockList, isIP } from "node:net";';
  const wrong: string[] = [];
  for (const file of files) {
    if (edge.has(partOf(file))) continue;
    const code = codeOf(readFileSync(join(src, file), "utf8")).replace(addresses, "");
    for (const target of importsOf(code)) {
      if (target.startsWith(".") || target === "node:stream") continue;
      if (!pureModules.has(target) && !libraries.has(target))
        wrong.push(`${file} imports ${target}`);
    }
    const effect = effects.exec(code);
    if (effect !== null) wrong.push(`${file} uses ${effect[0]}`);
  }
  assert.deepEqual(wrong, []);
});

test("no source file is over 250 lines, no function over 40, and none is too small to be read alone", () => {
  const sources = readSources();
  const long = [...sources.values()].filter(({ lines }) => lines.length > 250);
  assert.deepEqual([long, longFunctions(sources), dust(sources)], [[], [], []]);
});

test("importing a module does nothing but define", () => {
  const wrong = files.filter((file) => {
    const code = codeOf(readFileSync(join(src, file), "utf8"));
    return file !== "cli.ts" && /^(?:await\b|void\b|[a-z][\w.]*\(.*\);?$)/m.test(code);
  });
  assert.deepEqual(wrong, []);
});

test("each test is run by one command", () => {
  const { scripts } = JSON.parse(readFileSync(join(src, "../package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const patterns = Object.values(scripts).flatMap(
    (script) => script.match(/(?<=")test\/[^"]+/g) ?? [],
  );
  const cwd = join(src, "..");
  const run = patterns.flatMap((pattern) => globSync(pattern, { cwd }));
  assert.deepEqual(run.sort(), globSync("test/**/*.test.ts", { cwd }).sort());
});

test("tests see nothing of the pipeline that they run in", () => {
  const { scripts } = JSON.parse(readFileSync(join(src, "../package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const preload = "./test/support/outside-ci.ts";
  const commands = Object.values(scripts).filter((script) => script.includes("node --"));
  assert.equal(commands.length, 3);
  for (const script of commands) assert.ok(script.includes(`--import ${preload} `), script);
  const left = execFileSync(
    process.execPath,
    ["--import", preload, "-p", "Object.keys(process.env).sort().join() + process.env.no_proxy"],
    {
      cwd: join(src, ".."),
      encoding: "utf8",
      env: {
        CI: "true",
        CI_REGISTRY_IMAGE: "r.test/a",
        GITLAB_CI: "true",
        QEMU_CI: "1",
        QEMU_CI_UPSTREAM: "r.test/b",
        BERTH_PREFIX: "QEMU_CI",
        DOCKER_CONTEXT: "far",
        GIT_DIR: "/nowhere",
        PATH: "/bin",
        https_proxy: "http://proxy.test",
        CIRCUS: "kept",
      },
    },
  );
  assert.equal(left, "CIRCUS,NO_PROXY,PATH,https_proxy,no_proxy127.0.0.1,localhost,::1\n");
});
