import { outages } from "./matrix/outages.ts";
import { playRows } from "./matrix/runner.ts";

playRows("outages", outages);
