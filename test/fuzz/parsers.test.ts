import assert from "node:assert/strict";
import { test } from "node:test";
import { parsers } from "./parsers.ts";
import { search } from "./search.ts";

for (const name of Object.keys(parsers))
  test(`nothing that a stranger writes crashes or holds up the reader of ${name}`, async () => {
    const { inputs, faults } = await search(name, 1, 300);
    assert.equal(inputs, 300);
    assert.deepEqual(faults, []);
  });
