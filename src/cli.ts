#!/usr/bin/env node
/** The entry: wires the real world to one command and ends with its exit code. */
import { askFirst } from "./cli/ahead.ts";
import { forgetEmpty } from "./cli/environment.ts";

const args = process.argv.slice(2);
forgetEmpty(process.env);
askFirst(args, process.cwd());
// Loaded now, while git works. No top-level await: the bundle is CommonJS, which starts faster.
void import("./cli/main.ts").then(async ({ main }) => {
  process.exitCode = await main(args);
});
