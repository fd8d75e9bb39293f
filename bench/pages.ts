/** The figures that README.md and docs/comparison.md show of the results, as text. */

/** One line of results.json. */
export interface Result {
  readonly name: string;
  readonly latencyMs: number;
  readonly peer: string;
  readonly peerMs: number;
  readonly berthMs: number;
}

/** What the first cells of a line say, and whose figures come after them: the name in the results, its latency. */
type Line = readonly [cells: string, name: string, latencyMs?: number];

interface Table {
  /** The two lines of its head. */
  readonly head: string;
  readonly lines: readonly Line[];
  readonly figures: (result: Result) => readonly string[];
}

const mounts = "fork's first run by mounts, 25 images of 8 blobs, 106 MB";
const besideDaemons = "nothing changed, 25 images, beside Docker-in-Docker";
const skopeo = "`skopeo copy` in a loop";

const tables: Readonly<Record<"README.md" | "docs/comparison.md", Table>> = {
  "README.md": {
    head: "| what | peer | berth | peer |\n|---|---|---|---|\n",
    lines: [
      [
        "nothing changed, 25 images, 40 ms a request | a bare Node script with the same two requests",
        "nothing changed, 25 images",
        40,
      ],
      [
        "nothing changed, 25 images | Docker-in-Docker: a fresh daemon, `docker build --cache-from`, push, for each",
        besideDaemons,
      ],
      [`retag 25 images, 40 ms | ${skopeo}`, "retag 25 images", 40],
      [`a fork's first run by mounts, 25 images of 8 blobs, 40 ms | ${skopeo}`, mounts, 40],
      ["key over a context of 10,000 files | `tar \\| sha256sum`", "context of 10,000 files"],
      [
        "keys of 24 images like QEMU's | a bare Node script: one listing by git, reading, sha256",
        "key of 24 images, flat",
      ],
      ["build and push | the raw buildah commands", "build overhead"],
    ],
    figures: ({ peerMs, berthMs }) => {
      const unit = peerMs < 1000 ? inMilliseconds : inSeconds;
      return [unit(berthMs), unit(peerMs)];
    },
  },
  "docs/comparison.md": {
    head: "| step | who does it so | the other | berth | ratio |\n|---|---|---|---|---|\n",
    lines: [
      [
        "nothing changed: Docker-in-Docker, `docker build --cache-from`, `docker push`, 106 MB an image | QEMU",
        besideDaemons,
      ],
      [`retag, 40 ms a request: ${skopeo} | ci-templates, to-be-continuous`, "retag 25 images", 40],
      [
        `a fork's first run, 106 MB and 8 blobs an image, 40 ms: ${skopeo} | ci-templates`,
        mounts,
        40,
      ],
      [
        "retag, 40 ms a request: `crane tag`, eight at a time, no login | –",
        "retag 25 images, beside crane",
        40,
      ],
      [
        "copy by mounts, 40 ms a request: `crane copy`, eight at a time, no login | –",
        "fork's first run by mounts, 25 images of 8 blobs, beside crane",
        40,
      ],
      [
        "nothing changed, 40 ms a request: `crane digest`, eight at a time, no login | –",
        "nothing changed, 25 images, beside crane",
        40,
      ],
      ["build and push of one image: buildah alone | all that build", "build overhead"],
      [
        "prune 100,000 tags, 2,000 deleted: a bare script with the same requests | –",
        "20 repositories of 5000 tags, 2000 deleted",
      ],
      ["key over a context of 10,000 files: `tar` into `sha256sum` | –", "context of 10,000 files"],
    ],
    figures: ({ peerMs, berthMs }) => {
      const ratio = peerMs / berthMs;
      return [inSeconds(peerMs), inSeconds(berthMs), ratio.toFixed(ratio < 2 ? 2 : 0)];
    },
  },
};

const inMilliseconds = (time: number): string => `${time.toFixed(0)} ms`;
const inSeconds = (time: number): string => `${Number((time / 1000).toPrecision(2))} s`;

export const pages = Object.keys(tables) as readonly (keyof typeof tables)[];

/** The text of a page with the figures of these results; fails where they lack one. */
export function withFigures(
  page: keyof typeof tables,
  text: string,
  results: readonly Result[],
): string {
  const { head, lines, figures } = tables[page];
  const [before = "", after] = text.split(head);
  if (after === undefined) throw new Error(`${page} has no table of figures`);
  const told = lines.map(([cells, name, latencyMs = 0]) => {
    const found = results.find((row) => row.name === name && row.latencyMs === latencyMs);
    if (found === undefined) throw new Error(`the results have no row ${name}, ${latencyMs} ms`);
    return `| ${[cells, ...figures(found)].join(" | ")} |\n`;
  });
  return `${before}${head}${told.join("")}${after.replace(/^(?:\|.*\n)*/, "")}`;
}
