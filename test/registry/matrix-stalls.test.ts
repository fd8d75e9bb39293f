import { tokenStalls } from "./matrix/logins.ts";
import { stalls } from "./matrix/outages.ts";
import { playRows } from "./matrix/runner.ts";

// They wait and do nothing else, so many wait at the same time.
playRows("stalls", [...stalls, ...tokenStalls], 12);
