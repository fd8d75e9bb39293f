/** `berth key` over large contexts: of a work tree beside `tar | sha256sum`, of a commit beside `git archive`. */
import { atMost, type Case, type Goal, type Row } from "../case.ts";
import { inTurns, memoryOf, timeOf } from "../measure.ts";
import { makeRepository, manyFiles } from "../repository.ts";

interface Context {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly args: readonly string[];
  /** A pipe into `sha256sum`. */
  readonly peer: string;
  readonly rounds: number;
  /** `megabytes`: the most that berth had. */
  readonly goal: (megabytes: () => number) => Goal;
}

const contexts: readonly Context[] = [
  {
    ...{ name: "context of 10,000 files", files: 10_000, bytes: 4096, args: ["key"], rounds: 12 },
    peer: "tar -cf - --exclude=./.git .",
    goal: () => atMost(1.2),
  },
  {
    ...{ name: "key --rev HEAD, context of 80,000 files", files: 80_000, bytes: 1024 },
    ...{ args: ["key", "--rev", "HEAD"], rounds: 3 },
    peer: "git archive HEAD",
    goal: (megabytes) => ({
      text: "at most 2 s, 250 MB",
      isMet: (_, berthMs) => berthMs <= 2000 && megabytes() <= 250,
    }),
  },
];

export const contextsOfManyFiles: Case = {
  name: "contexts of many files",
  async run({ quick, berth }) {
    const rows: Row[] = [];
    for (const context of contexts) rows.push(await measure(context, quick, berth));
    return rows;
  },
};

async function measure(context: Context, quick: boolean, berth: string): Promise<Row> {
  const { name, args, peer, rounds, goal } = context;
  const dockerfile = ["Dockerfile", "FROM debian\nCOPY . /src\n"] as const;
  const made = makeRepository([dockerfile, ...manyFiles(context.files, context.bytes)]);
  const cwd = made.path;
  let most = 0;
  try {
    const times = await inTurns(
      quick ? 3 : rounds,
      () => timeOf({ command: "sh", args: ["-c", `${peer} | sha256sum`], cwd }),
      async () => {
        const { took, megabytes } = await memoryOf({ args: [berth, ...args], cwd });
        most = Math.max(most, megabytes);
        return took;
      },
    );
    return {
      ...{ name, latencyMs: 0, peer: `${peer} | sha256sum`, ...times, requests: undefined },
      goal: goal(() => most),
      note: `at most ${Math.round(most)} MB; the peer's two programs have a processor each, berth packs and hashes on one, and hashes twice: each file for its time, and the tar`,
    };
  } finally {
    made.remove();
  }
}
