/** How many scopes a token may hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scope } from "../../src/registry/scopes.ts";
import { sizeOf } from "../../src/registry/token-service.ts";
import { fitting } from "../../src/registry/tokens.ts";

const scope = (path: string, ...actions: Scope["actions"]): Scope => ({ path, actions });

function token(access: unknown, padding = 0): string {
  const body = Buffer.from(JSON.stringify({ access })).toString("base64url");
  return `${"h".repeat(10)}.${body}.${"s".repeat(padding)}`;
}

test("a token tells what each scope adds, by what it grants", () => {
  const read = { type: "repository", name: "a/b", actions: ["pull"], meta: { x: "x".repeat(60) } };
  const write = { ...read, actions: ["pull", "push"], meta: { x: "x".repeat(600) } };
  const one = token([read, write], 500);
  const more = token([read, read, write], 500);
  const size = sizeOf(one, []);
  assert.ok(Math.abs(more.length - one.length - size.read) <= 4, JSON.stringify(size));
  assert.ok(size.write > size.read + 700 && size.fixed >= 500);
  assert.ok(sizeOf(token([read]), []).write > sizeOf(token([read]), []).read);
});

test("one that cannot be read is as long as its scopes make it", () => {
  const scopes = [scope("a", "pull"), scope("b", "pull")];
  assert.deepEqual(sizeOf("x".repeat(1000), scopes), { fixed: 0, read: 500, write: 500 });
  assert.deepEqual(sizeOf("x", []), { fixed: 0, read: 1, write: 1 });
});

test("scopes are taken in their order while they fit, and what is needed always", () => {
  const scopes = [scope("a", "pull"), scope("b", "pull", "push"), scope("c", "pull")];
  const service = { realm: new URL("https://gitlab.example.org/jwt/auth"), service: undefined };
  const size = { fixed: 100, read: 10, write: 50 };
  const taken = (max: number, needed: number) =>
    fitting(scopes, service, { size, needed, maxLength: max }).map(({ path }) => path);
  assert.deepEqual(taken(170, 1), ["a", "b", "c"]);
  assert.deepEqual(taken(169, 1), ["a", "b"]);
  assert.deepEqual(taken(159, 1), ["a"]);
  assert.deepEqual(taken(0, 2), ["a", "b"]);
});
