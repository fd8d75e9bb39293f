import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  checks,
  diagnose,
  type Finding,
  findingsJson,
  printFindings,
} from "../../src/doctor/diagnose.ts";
import { type Level, levels } from "../../src/doctor/judgement.ts";
import { screen } from "../support/screen.ts";
import { but, trouble, unwell } from "./cases.ts";
import { healthy, inFork } from "./healthy.ts";

describe("the doctor's findings", () => {
  for (const [name, facts] of [
    ["upstream", healthy],
    ["a fork", inFork],
  ] as const)
    test(`finds nothing wrong where nothing is: ${name}`, () =>
      assert.deepEqual(unwell(facts), []));

  test("puts the worst first, in the table as in JSON, and every check once", () => {
    const facts = but(healthy, { project: { configuration: trouble } });
    const { findings } = JSON.parse(findingsJson(diagnose(facts))) as {
      findings: { id: string; level: Level }[];
    };
    const order = findings.map(({ level }) => levels.indexOf(level));
    const worstFirst = [...order].sort((a, b) => b - a);
    assert.deepEqual(order, worstFirst);
    assert.equal(findings[0]?.id, "configuration");
    assert.deepEqual(findings.map(({ id }) => id).sort(), [...checks].sort());
    const [head, first] = printFindings(diagnose(facts), screen()).split("\n");
    assert.match(head ?? "", /^LEVEL +CHECK +FOUND$/);
    assert.match(first ?? "", /^error +configuration /);
  });

  test("says what to do where something is, and what to know", () => {
    const findings: readonly Finding[] = [
      { id: "cleanup", level: "warning", what: "a", detail: "b\nc", todo: "d" },
      { id: "engine", level: "note", what: "e", detail: "f", todo: undefined },
      { id: "images", level: "ok", what: "g", detail: "", todo: undefined },
    ];
    const first = "\ncleanup:\n  b\n  c\n  to do: d\n";
    assert.equal(
      printFindings(findings, screen()),
      `LEVEL    CHECK    FOUND\nwarning  cleanup  a\n${first}\nnote: engine (--all tells more)\nok: images\n`,
    );
    assert.ok(
      printFindings(findings, screen(), true).endsWith(
        `ok       images   g\n${first}\nengine:\n  f\n`,
      ),
    );
    assert.match(printFindings(findings.slice(1), screen()), /^nothing to do\n/);
  });

  test("explains once what several checks could not read for one reason", () => {
    const asked = Object.keys(healthy.gitlab).map((name) => [name, trouble]);
    const findings = diagnose(but(healthy, { gitlab: Object.fromEntries(asked) }));
    const text = printFindings(findings, screen(), true);
    assert.equal(text.split("do something: 403").length - 1, 1);
  });

  test("is described check by check in docs/commands.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/commands.md"), "utf8");
    const [, section = ""] = /^## berth doctor\n(.*?)^## /ms.exec(page) ?? [];
    const rows = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
    assert.deepEqual(rows, [...checks]);
  });
});
