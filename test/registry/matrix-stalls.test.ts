import { tokenStalls } from "./matrix/logins.ts";
import { stalls } from "./matrix/outages.ts";
import { playRows } from "./matrix/runner.ts";

playRows("stalls", [...stalls, ...tokenStalls]);
