/** Asks the reader of pipelines about a file of cases, and prints where GitLab's own code gave another answer. */
import { problemsOf, readCases } from "../test/pipelines/cases.ts";

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: node scripts/gitlab-cases.ts FILE");
const cases = readCases(file);
const problems = (await Promise.all(cases.map(problemsOf))).flat();
for (const problem of problems) console.log(problem);
console.log(`${cases.length} cases, ${problems.length} differences`);
process.exitCode = problems.length > 0 ? 1 : 0;
