/**
 * Bundles the command line into `dist/`, a package of npm whose `berth.js` starts in a third of the time of the sources.
 *
 * Our own code is one file, and each library another that is loaded by the command that needs it. All is
 * CommonJS, so that built-in modules too are loaded only where they are used.
 */
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

const top = join(import.meta.dirname, "..");

/**
 * Parts of the one file: what every command needs, and what has nothing but a default export, for which CommonJS and
 * ES modules have different words.
 */
const inlined = new Set(["commander", "p-limit"]);

/** Writes the bundle of an entry into a folder, which is emptied first. */
export async function bundle(folder: string, entry = "./src/cli.ts"): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = JSON.parse(await readFile(join(top, "package.json"), "utf8"));
  const { dependencies } = manifest;
  const libraries = Object.keys(dependencies).filter((name) => !inlined.has(name));
  const shared: BuildOptions = {
    absWorkingDir: top,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    minify: true,
    legalComments: "linked",
    define: { "import.meta.dirname": "__dirname" },
    // What is loaded later goes by `require` too, which the launcher gives to code that it starts compiled.
    supported: { "dynamic-import": false },
    logLevel: "warning",
  };
  const used = new Set<string>();
  await build({
    ...shared,
    // Not the entry itself, whose first line is for a shell.
    stdin: { contents: `import "${entry}";`, resolveDir: top },
    outfile: join(folder, "main.js"),
    plugins: [librariesApart(libraries, used)],
  });
  await build({
    ...shared,
    entryPoints: { berth: "scripts/launcher.ts", compile: "scripts/compile.ts" },
    outdir: folder,
  });
  await build({
    ...shared,
    entryPoints: Object.fromEntries(
      [...used].map((name) => [fileOf(name), name === "zod" ? "src/zod.ts" : name]),
    ),
    outdir: folder,
  });
  await copyPages(join(folder, "docs"));
  // Doctor reads a project's pipelines with them.
  await cp(join(top, "templates"), join(folder, "templates"), { recursive: true });
  await writeFile(join(folder, "package.json"), packageJson(manifest));
  await chmod(join(folder, "berth.js"), 0o755);
}

/** What makes the folder a package of npm that needs no other; `berth` alone is somebody else's. */
function packageJson({ version, description, license }: Record<string, unknown>): string {
  const engines = { node: ">=22.15" };
  const bin = { berth: "berth.js" };
  const about = { name: "@berth-ci/berth", version, description, license };
  return `${JSON.stringify({ ...about, type: "commonjs", engines, bin }, null, 2)}\n`;
}

/** The pages that `berth help` prints. */
async function copyPages(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(join(top, "docs")))
    if (name.endsWith(".md")) await copyFile(join(top, "docs", name), join(folder, name));
}

function librariesApart(libraries: readonly string[], used: Set<string>): Plugin {
  return {
    name: "libraries apart",
    setup: (context) =>
      context.onResolve({ filter: /^[^.]|\/zod\.ts$/ }, ({ path, kind }) => {
        // Our file of it is what the library's stands for, so that nothing else of it is bundled.
        const name = path.endsWith("/zod.ts") ? "zod" : path;
        if (kind === "entry-point" || !libraries.includes(name)) return undefined;
        used.add(name);
        return { path: `./${fileOf(name)}.js`, external: true };
      }),
  };
}

function fileOf(library: string): string {
  return `lib/${library.replaceAll("/", "-")}`;
}

if (import.meta.main) await bundle(join(top, process.argv[2] ?? "dist"));
