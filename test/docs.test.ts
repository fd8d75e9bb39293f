import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { planSchemaText, withHelp } from "../scripts/docs.ts";
import { makeProgram, version } from "../src/cli/program.ts";
import { errorCodes, exitCodes } from "../src/errors.ts";

const top = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(top, path), "utf8");

test("every error code has its heading in docs/messages.md, with its exit code, and no other has", () => {
  const page = read("docs/messages.md");
  const sections = page.split("\n## By code\n")[1]?.split(/^### /m).slice(1) ?? [];
  const told = sections.map((section) => {
    const [, code = "", exit = ""] = /^(\S+)\nExit code (\d+)\./.exec(section) ?? [];
    return `${code} ${exit}`;
  });
  assert.deepEqual(
    told.sort(),
    Object.entries(errorCodes)
      .map(([code, exit]) => `${code} ${exit}`)
      .sort(),
  );
});

test("docs/messages.md tells all exit codes", () => {
  const [, told = ""] = /^Exit codes: ([\s\S]*?)\.\s/m.exec(read("docs/messages.md")) ?? [];
  const numbers = told.split(";").map((part) => Number.parseInt(part.trim(), 10));
  assert.deepEqual(numbers, Object.values(exitCodes));
});

test("every error code is raised somewhere", () => {
  const files = readdirSync(join(top, "src"), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && file !== "errors.ts",
  );
  const code = files.map((file) => read(join("src", file))).join("\n");
  assert.deepEqual(
    Object.keys(errorCodes).filter((name) => !code.includes(`"${name}"`)),
    [],
  );
});

test("docs/commands.md says what --help says (npm run docs)", async () => {
  const page = read("docs/commands.md");
  assert.equal(page, await withHelp(page));
  const program = await makeProgram();
  const commands = program.createHelp().visibleCommands(program);
  assert.deepEqual(
    [...page.matchAll(/^## berth (.+)$/gm)].map(([, name]) => name),
    commands.map((command) => command.name()),
  );
});

test("docs/plan.schema.json is the schema of plan.json (npm run docs)", () =>
  assert.equal(read("docs/plan.schema.json"), planSchemaText()));

test("the version is one and the same", () => {
  const manifest = JSON.parse(read("package.json")) as { version: string };
  assert.equal(version, manifest.version);
  assert.match(read("CHANGELOG.md"), new RegExp(`^## ${version.replaceAll(".", "\\.")}\\b`, "m"));
});

test("the Node that pages ask for is the one that the package does", () => {
  const [, asked = ""] = /engines = \{ node: ">=([\d.]+)" \}/.exec(read("scripts/bundle.ts")) ?? [];
  const told = ["README.md", "docs/quick-start.md", "CHANGELOG.md"].map(
    (page) => /\bNode ([\d.]+) (?:or|and) newer/.exec(read(page))?.[1],
  );
  assert.deepEqual(told, [asked, asked, asked]);
});

test("links between the project's pages lead somewhere", () => {
  const pages = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ...readdirSync(join(top, "docs"))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  ];
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(top, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test("the commands of README.md are there", () => {
  const readme = read("README.md");
  for (const command of ["scripts/example.sh", "scripts/test.sh"])
    assert.ok(readme.includes(command) && existsSync(join(top, command)), command);
});

test("what README promises is held by tests that are there", () => {
  const readme = read("README.md").replace(/\s+/g, " ");
  const [, table = ""] = read("docs/architecture.md").split(
    "\n| README says | test |\n|---|---|\n",
  );
  const rows = [...table.matchAll(/^\| (.+) \| (.+) \|$/gm)];
  assert.ok(rows.length > 10);
  for (const [, promise = "", tests = ""] of rows) {
    assert.ok(readme.includes(promise), promise);
    assert.match(tests, /\]\(\.\.\/test\//);
  }
});

test("pages that the code and the components name are there", () => {
  const files = ["src", "templates", "component"].flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(?:ts|yml|md)$/.test(file))
      .map((file) => join(folder, file)),
  );
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/\bdocs\/([a-z-]+)\.md|`berth help ([a-z-]+)`/g)].map(
      ([, page, help]) => page ?? help ?? "",
    ),
  );
  assert.ok(named.length > 5);
  const missing = named.filter((page) => !existsSync(join(top, "docs", `${page}.md`)));
  assert.deepEqual(missing, []);
});

test("every variable of others that the code asks for is in docs/configuration.md", () => {
  const page = read("docs/configuration.md");
  const files = readdirSync(join(top, "src"), { recursive: true, encoding: "utf8" });
  const asked = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => read(join("src", file)))
    .flatMap((text) => [
      ...text.matchAll(
        /"((?:CI|GITLAB|DOCKER|BUILDAH|CONTAINERS|NODE|REGISTRY|SSL|STORAGE|XDG)_[A-Z_]+)"/g,
      ),
    ])
    .map(([, name = ""]) => name)
    .filter((name) => !Object.hasOwn(errorCodes, name));
  const told = [...page.matchAll(/\b[A-Z]+_[A-Z_]+\*?/g)].map(([name]) => name);
  const missing = asked.filter(
    (name) =>
      !told.some((one) => (one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : name === one)),
  );
  assert.deepEqual([...new Set(missing)], []);
});
