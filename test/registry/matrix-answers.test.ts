import { answers } from "./matrix/answers.ts";
import { playRows } from "./matrix/runner.ts";

playRows("wrong answers", answers);
