import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { judge, trouble } from "./cases.ts";
import { healthy, inFork } from "./healthy.ts";

/** The facts with these jobs in schedules, and with schedules on these branches. */
function facts(
  scheduledJobs: readonly string[] | undefined,
  schedules: DoctorFacts["gitlab"]["schedules"] = ["main"],
): DoctorFacts {
  return {
    ...healthy,
    project: { ...healthy.project, scheduledJobs },
    gitlab: { ...healthy.gitlab, schedules },
  };
}

judge("schedules", [
  ["a job that tests", facts(["check"]), "schedules", "ok", /^check may run in them/],
  ["several", facts(["a", "b", "c"]), "schedules", "ok", /^a and 2 more may run/],
  ["none", facts([]), "schedules", "warning", /nothing tests .*They run on main.*_SCHEDULED/s],
  ["none, whatever the schedules", facts([], trouble), "schedules", "warning", /could not be read/],
  ["no schedule", facts([], []), "schedules", "note", /there is none/],
  ["no files", facts(undefined), "schedules", "note", /is not known/],
  [
    "nothing to refresh",
    { ...facts([]), config: { ...healthy.config, refresh: undefined } },
    "schedules",
    "ok",
    /refresh: false/,
  ],
  ["a fork", inFork, "schedules", "ok", /not a matter of this fork/],
]);
