/** `berth key` beside the least that a script has to do: one listing by git, reading the files, their sha256. */
import { join } from "node:path";
import { atMost, type Case, type Row } from "../case.ts";
import { inTurns, median, timeOf } from "../measure.ts";
import { type FilesToWrite, makeRepository, manyFiles, qemuLikeDockerfiles } from "../repository.ts";

const floor = join(import.meta.dirname, "../floor-key.mjs");
const flat = "tests/docker/dockerfiles";

interface Layout {
  readonly name: string;
  readonly files: () => FilesToWrite;
  /** Where the files are that images are made from. */
  readonly below: string;
}

const layouts: readonly Layout[] = [
  { name: "flat", files: () => qemuLikeDockerfiles(), below: flat },
  { name: "with berth.yml", files: configured, below: flat },
  { name: "a folder for each", files: foldered, below: "images/" },
];

/** BENCH_QEMU names a clone of QEMU to measure in instead. */
export const keyOfManyImages: Case = {
  name: "key of 24 images",
  async run({ quick, berth }) {
    const clone = process.env["BENCH_QEMU"];
    if (clone !== undefined)
      return [await measure("key of QEMU", { path: clone, below: flat }, berth, quick)];
    const rows: Row[] = [];
    for (const { name, files, below } of layouts) {
      const made = makeRepository([...files(), ...manyFiles(10_000, 40)]);
      const place = { path: made.path, below };
      try {
        rows.push(await measure(`key of 24 images, ${name}`, place, berth, quick));
      } finally {
        made.remove();
      }
    }
    return rows;
  },
};

async function measure(
  name: string,
  { path, below }: { readonly path: string; readonly below: string },
  entry: string,
  quick: boolean,
): Promise<Row> {
  const node = (...args: string[]) =>
    timeOf({ command: process.execPath, args, cwd: path });
  const times = await inTurns(
    quick ? 5 : 20,
    () => node(floor, below),
    () => node(entry, "key"),
  );
  const starts = await inTurns(
    quick ? 3 : 10,
    () => node("-e", "0"),
    () => node(entry, "--version"),
  );
  return {
    ...{ name, latencyMs: 0, peer: "Node script: git ls-files, sha256", ...times },
    ...{ requests: undefined, goal: atMost(1.5) },
    note: `Node's start takes ${median(starts.peerTimes).toFixed(0)} ms of it, berth's ${median(starts.berthTimes).toFixed(0)} ms (\`berth --version\`); with compiled code as in the tool image, which holds less than half of what runs here; by profile Node's start is a quarter of it, loading berth and Node's own modules another, two git processes at once a fifth, 24 Dockerfiles a seventh`,
  };
}

function* configured(): Generator<readonly [string, string]> {
  const globs = `  - ${flat}/*.docker\n  - dockerfile: ${flat}/image-1.docker\n    optional: true\n`;
  yield ["berth.yml", `prefix: QEMU_CI\nrepository: qemu/{name}\nimages:\n${globs}`];
  yield* qemuLikeDockerfiles();
}

/** Each image copies the eight files beside its Dockerfile. */
function* foldered(): Generator<readonly [string, string | Uint8Array]> {
  for (const [index, [, text]] of [...qemuLikeDockerfiles()].entries()) {
    yield [`images/image-${index}/Dockerfile`, `${text}COPY . /opt\n`];
    for (let file = 0; file < 8; file++)
      yield [`images/image-${index}/file-${file}`, `${index} ${file} ${"x".repeat(4000)}`];
  }
}
