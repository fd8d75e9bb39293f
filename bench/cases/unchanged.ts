/** `berth ensure` where all is there, beside a bare script that sends the same two requests. */
import { join } from "node:path";
import { testPassword, testUser } from "../../test/support/token-service.ts";
import { atMost, type Case, type Row } from "../case.ts";
import { inTurns, timeOf } from "../measure.ts";
import { ensure, openShelf, upstream } from "../shelf.ts";

const script = join(import.meta.dirname, "../two-requests.mjs");

export const nothingChanged: Case = {
  name: "nothing changed, 25 images",
  async run({ quick, berth }) {
    const rows: Row[] = [];
    for (const latencyMs of [0, 40]) rows.push(await measure(this.name, latencyMs, quick, berth));
    return rows;
  },
};

async function measure(
  name: string,
  latencyMs: number,
  quick: boolean,
  berth: string,
): Promise<Row> {
  const shelf = await openShelf(berth, latencyMs, { layers: 2 });
  const { registry, repository } = shelf;
  try {
    const command = ensure(berth, shelf, upstream);
    // The first run writes the set record.
    await timeOf(command);
    await registry.send({ kind: "requests" });
    await timeOf(command);
    const { requests = [] } = await registry.send({ kind: "requests" });
    const record = requests.find((request) => request.startsWith("GET ")) ?? "";
    const args = [script, registry.realm, `http://${registry.host}${record.slice(4)}`, upstream];
    const peer = {
      command: process.execPath,
      args,
      cwd: repository.path,
      env: { BENCH_LOGIN: `${testUser}:${testPassword}` },
    };
    const times = await inTurns(
      quick ? 3 : 15,
      () => timeOf(peer),
      () => timeOf(command),
    );
    return {
      name,
      latencyMs,
      peer: "Node script, same 2 requests",
      ...times,
      requests: requests.length,
      goal: atMost(1.05),
      note: `requests of one run: ${requests.map((line) => line.split(" ")[0]).join(" + ")}; the token is asked for while keys are made; with compiled code as in the tool image, in a fresh container`,
    };
  } finally {
    await shelf.close();
  }
}
