/** A platform with the component in it, for the tests of all modules that import this. */
import { after } from "node:test";
import { openReleased, unconfined } from "./coordinator/platform.ts";

export const platform = await openReleased({ aarch64: { docker: unconfined } });
after(platform.stop);
