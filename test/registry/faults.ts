/** Plays faults of registries and of what stands before them: result, request count, and no secret told. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { BerthError } from "../../src/errors.ts";
import type { Reference, Repository } from "../../src/oci/reference.ts";
import type { RegistryOptions } from "../../src/registry/client.ts";
import type { Registry } from "../../src/registry/registry.ts";
import {
  type Answer,
  type Fault,
  type MemoryRegistry,
  type MemoryRegistryOptions,
  type SeenRequest,
  startMemoryRegistry,
} from "../support/memory-registry.ts";
import {
  startTokenService,
  type TokenService,
  type TokenServiceOptions,
  testPassword,
} from "../support/token-service.ts";
import {
  basicAuthority,
  client,
  type FakeClock,
  fakeClock,
  goodLogin,
  seed,
  testImage,
} from "./clients.ts";

export const image = testImage("faults");
export const other = testImage("other");

export interface Scene {
  readonly registry: MemoryRegistry;
  /** A second server: what arrives there must not carry a login. */
  readonly elsewhere: MemoryRegistry;
  readonly tokens: TokenService | undefined;
  readonly client: Registry;
  readonly clock: FakeClock;
  readonly reference: Reference;
  readonly repository: Repository;
}

export interface Case {
  readonly name: string;
  /** What happens to the so-many-th request, counted from 0 after the probe for a login. */
  readonly fault?: (request: SeenRequest, count: number, elsewhere: string) => Fault | undefined;
  readonly registry?: MemoryRegistryOptions;
  readonly tokens?: TokenServiceOptions;
  readonly client?: Partial<RegistryOptions>;
  readonly run?: (scene: Scene) => Promise<unknown>;
  /** What `run` gives, or what the error is like. */
  readonly gives?: unknown;
  readonly fails?: RegExp;
  readonly hint?: RegExp;
  readonly code?: BerthError["code"];
  /** Requests to the registry, the probe not counted. */
  readonly requests: number;
  readonly waits?: readonly number[];
  readonly check?: (scene: Scene) => void;
}

export const reply = (answer: Partial<Answer>): Fault => ({
  kind: "answer",
  answer: (real) => ({ ...real(), ...answer }),
});
export const instead = (answer: Answer): Fault => ({ kind: "answer", answer: () => answer });
export const always = (fault: Fault) => () => fault;
export const get = ({ client, reference }: Scene) =>
  client.get(reference).then((found) => found?.descriptor);
export const found = image.manifest.descriptor;
export const header = (name: string, value: string): Fault => ({
  kind: "answer",
  answer: (real) => {
    const answer = real();
    return { ...answer, headers: { ...answer.headers, [name]: value } };
  },
});
async function play(row: Case): Promise<void> {
  const tokens = row.tokens === undefined ? undefined : await startTokenService(row.tokens);
  const elsewhere = await startMemoryRegistry();
  const requests: SeenRequest[] = [];
  const fault = (request: SeenRequest) => {
    // The request that finds out how to log in goes through.
    if (request.headers["authorization"] === undefined && requests.length === 0) return undefined;
    requests.push(request);
    return row.fault?.(request, requests.length - 1, elsewhere.host);
  };
  const authority = tokens?.authority ?? basicAuthority(goodLogin);
  const registry = await startMemoryRegistry({ authority, ...row.registry, fault });
  for (const server of [registry, elsewhere]) seed(server, "group/image", image, "one");
  const clock = fakeClock();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const opened = client(goodLogin, { clock, log, ...row.client });
  const repository = { host: registry.host, path: "group/image" };
  const reference = { ...repository, tag: "one" };
  const scene = { registry, elsewhere, tokens, client: opened, clock, reference, repository };
  try {
    const result = await (row.run ?? get)(scene).catch((error: unknown) => error);
    checkResult(row, result);
    const secrets = [testPassword, "wrong-pass", ...(tokens?.tokens ?? [])];
    const encoded = Buffer.from(`${goodLogin.username}:${testPassword}`).toString("base64");
    const told = inspect(result, { depth: 10 }) + inspect(lines, { maxArrayLength: null });
    for (const secret of [...secrets, encoded])
      assert.ok(!told.includes(secret), "a secret is told");
    assert.ok(elsewhere.requests.every(({ headers }) => headers["authorization"] === undefined));
    assert.equal(requests.length, row.requests, registry.log.join("\n"));
    if (row.waits !== undefined) assert.deepEqual(clock.waits, row.waits);
    row.check?.(scene);
  } finally {
    await Promise.all([registry.stop(), elsewhere.stop(), tokens?.stop()]);
  }
}

function checkResult({ fails, hint = /./, code, gives }: Case, result: unknown): void {
  if (fails === undefined) {
    assert.deepEqual(result, gives);
    return;
  }
  assert.ok(result instanceof BerthError, inspect(result));
  assert.match(result.message, fails);
  assert.equal(result.code, code);
  assert.match(result.hint ?? "", hint);
}

/** Plays a table of cases, each a test of its own. */
export function playAll(name: string, cases: readonly Case[]): void {
  suite(name, () => {
    for (const row of cases) test(row.name, () => play(row));
  });
}
