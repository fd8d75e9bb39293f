/** `berth key` over a context of 10,000 files beside `tar | sha256sum` of the same files. */
import { atMost, type Case } from "../case.ts";
import { inTurns, timeOf } from "../measure.ts";
import { makeRepository, manyFiles } from "../repository.ts";

export const contextOfManyFiles: Case = {
  name: "context of 10,000 files",
  async run({ quick, berth }) {
    const made = makeRepository([["Dockerfile", "FROM debian\nCOPY . /src\n"], ...manyFiles(10_000, 4096)]);
    const cwd = made.path;
    try {
      const times = await inTurns(
        quick ? 3 : 12,
        () => timeOf({ command: "sh", args: ["-c", "tar -cf - --exclude=./.git . | sha256sum"], cwd }),
        () => timeOf({ command: process.execPath, args: [berth, "key"], cwd }),
      );
      const peer = "tar -cf - . | sha256sum";
      const goal = atMost(2);
      return [{ name: this.name, latencyMs: 0, peer, ...times, requests: undefined, goal }];
    } finally {
      made.remove();
    }
  },
};
