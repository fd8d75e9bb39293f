#!/usr/bin/env node
/** The entry: one command line, which sets the exit code of the process. */
import { main } from "./cli/program.ts";

// No top-level await: the bundle is CommonJS, which starts faster.
void main(process.argv.slice(2));
