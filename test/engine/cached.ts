/** What comes of a warm layer cache, held against a build without one. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Image } from "../../src/image/image.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Flow } from "../support/flow.ts";
import { type Cell, cells, type Version } from "./cells.ts";
import { contentOf, type Made, made } from "./flows.ts";
import { openWorkshop, type Parts, type Subject } from "./workshop.ts";

export function cacheSuite(engine: string, make: (parts: Parts) => Promise<Subject>): void {
  describe(`${engine} after a change`, () => {
    const workshop = openWorkshop(make);
    const flows = new Map<string, Flow>();

    /** Builds cells at once, in upstream or in a fork, which finds upstream's cache alone. */
    const build = async (name: string, project: string, version: Version, env = {}) => {
      const all = cells.filter((cell) => {
        const keywords = keywordsOf(cell);
        // Settings are in no cache of BuildKit's; what one step makes is old or new.
        if (engine === "docker" && !keywords.some((keyword) => makesFiles.has(keyword)))
          return false;
        return name !== "fresh" || keywords.length > 1;
      });
      const nameOf = (cell: Cell) => `c${cells.indexOf(cell)}`;
      const cellOf = (image: Image) => cells[Number(image.name.slice(1))];
      const texts = all.map((cell) => [nameOf(cell), dockerfileOf(cell, version, workshop.base())]);
      const files = all.flatMap((cell) =>
        Object.entries(cell.files?.(version) ?? {}).map(([path, file]) => [
          `${nameOf(cell)}/${path}`,
          file,
        ]),
      );
      const flow = await made(workshop, {
        path: project,
        dockerfiles: { ...Object.fromEntries(texts), warm: warm(workshop.base()) },
        files: { ...Object.fromEntries(files), "warm/x": String(version) },
        change: (image) => ({
          ...image,
          context: image.name,
          args: cellOf(image)?.configured === true ? { V: String(version) } : {},
        }),
        env,
        upstream: "acme",
      });
      flows.set(name, flow);
    };

    before(async () => {
      await build("before", "acme/tools", 1);
      await build("local", "jane/tools", 2);
      await workshop.subject().forget();
      await build("registry", "kim/tools", 2);
      await build("fresh", "lea/tools", 2, { QEMU_CI_FORCE_REBUILD: "1" });
    });

    test("heredocs of one name are each their own in builds at one time", async () => {
      const texts = Array.from({ length: 6 }, (_, index) => `${index} ${randomUUID()}\n`);
      const builds = texts.map((text, index) =>
        workshop.build({
          repository: `heredocs/at-once${index}`,
          dockerfile: `FROM ${workshop.base()}\nCOPY <<EOF /v\n${text}EOF\n`,
        }),
      );
      for (const [index, { digest }] of (await Promise.all(builds)).entries()) {
        const entry = (await workshop.tree(`heredocs/at-once${index}`, digest)).get("v");
        assert.deepEqual(entry, { kind: "file", mode: 0o644, sha: digestOf(texts[index] ?? "") });
      }
    });

    const contents = new Map<string, Promise<Made>>();
    const content = (flow: string, name: string): Promise<Made> => {
      const id = `${flow} ${name}`;
      const known = contents.get(id) ?? contentOf(workshop, flows.get(flow) as Flow, name);
      contents.set(id, known);
      return known;
    };

    /** The cells whose images are the same, or not the same, in two builds; the second has them all. */
    const cellsWhere = async (one: string, other: string, wanted: boolean) => {
      const images = (flows.get(other)?.outcomes ?? []).filter(({ name }) => name !== "warm");
      const found = images.map(async ({ name }) => {
        const of = async (flow: string) => lasting(await content(flow, name));
        const same = isDeepStrictEqual(await of(one), await of(other));
        return same === wanted ? [cells[Number(name.slice(1))]?.name] : [];
      });
      return (await Promise.all(found)).flat();
    };

    test("what the local cache makes of a change is what the registry's makes", async () =>
      assert.deepEqual(await cellsWhere("local", "registry", false), []));

    for (const name of ["local", "registry"]) {
      test(`the ${name} cache serves what did not change`, async () => {
        const layers = ["before", name, "fresh"].map(async (flow) =>
          (await content(flow, "warm")).tree.get("random"),
        );
        const [before, cached, fresh] = await Promise.all(layers);
        assert.deepEqual(cached, before);
        assert.notDeepEqual(fresh, before);
      });

      test(`with the ${name} cache no image is what it was before, nor other than without one`, async () => {
        assert.deepEqual(await cellsWhere(name, "before", true), []);
        assert.deepEqual(await cellsWhere(name, "fresh", false), []);
      });
    }
  });
}

const makesFiles = new Set(["RUN", "COPY", "ADD", "WORKDIR"]);

/** The keywords of a cell's steps. */
function keywordsOf(cell: Cell): readonly string[] {
  return cell.dockerfile(1).match(/^(?!FROM|ARG)[A-Z]+(?= )/gm) ?? [];
}

/** An image whose first layer no change touches. */
function warm(base: string): string {
  return `FROM ${base}\nRUN cat /proc/sys/kernel/random/uuid > /random\nCOPY x /x\n`;
}

/** Without what is another for each build: the container that it was made in. */
function lasting({ tree, config }: Made) {
  return { tree, config: { ...(config as object), Hostname: "", Image: "" } };
}

function dockerfileOf(cell: Cell, version: Version, base: string): string {
  return cell.dockerfile(version).replaceAll(/^FROM base\b/gm, `FROM ${base}`);
}
