/** `berth key` of a set like QEMU's beside the start of Node itself. */
import { join } from "node:path";
import { atMost, type Case } from "../case.ts";
import { inTurns, timeOf } from "../measure.ts";
import { makeRepository, manyFiles, qemuLikeDockerfiles } from "../repository.ts";

const sources = join(import.meta.dirname, "../../src/cli.ts");

/** BENCH_QEMU names a clone of QEMU to measure in instead. */
export const keyOfManyImages: Case = {
  name: "key of QEMU-like images",
  async run({ quick, berth }) {
    const clone = process.env["BENCH_QEMU"];
    const made =
      clone === undefined
        ? makeRepository([...qemuLikeDockerfiles(), ...manyFiles(10_000, 40)])
        : { path: clone, remove: () => undefined };
    const node = (...args: string[]) =>
      timeOf({ command: process.execPath, args, cwd: made.path });
    const forms = [
      { form: "bundle", entry: berth, goal: atMost(1.5) },
      { form: "src/cli.ts", entry: sources, goal: undefined },
    ];
    const rounds = quick ? 5 : 30;
    try {
      const rows = [];
      for (const { form, entry, goal } of forms) {
        const times = await inTurns(
          rounds,
          () => node("-e", "0"),
          () => node(entry, "key"),
        );
        const name = `key of ${clone === undefined ? "24 QEMU-like images" : "QEMU"}, ${form}`;
        rows.push({ name, latencyMs: 0, peer: "node -e 0", ...times, requests: undefined, goal });
      }
      return rows;
    } finally {
      made.remove();
    }
  },
};
