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
import { gatherClone, readStatus } from "../../src/doctor/machine.ts";
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
    const facts = but(healthy, { clone: { shallow: true }, project: { configuration: trouble } });
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
      { id: "clone", level: "warning", what: "a", detail: "b\nc", todo: "d" },
      { id: "umask", level: "note", what: "e", detail: "f", todo: undefined },
      { id: "images", level: "ok", what: "g", detail: "", todo: undefined },
    ];
    const first = "\nclone:\n  b\n  c\n  to do: d\n";
    assert.equal(
      printFindings(findings, screen()),
      `LEVEL    CHECK  FOUND\nwarning  clone  a\n${first}\nnote: umask (--all tells more)\nok: images\n`,
    );
    assert.ok(
      printFindings(findings, screen(), true).endsWith(
        `ok       images  g\n${first}\numask:\n  f\n`,
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

test("a clone is shallow where git says so", async () => {
  const { config } = healthy;
  for (const shallow of [true, false]) {
    const git = { run: async () => Buffer.from(`${shallow}\n`) };
    assert.equal((await gatherClone(git, config, healthy.situation)).shallow, shallow);
  }
});

describe("the process's own status", () => {
  test("tells user, umask, rights and the seccomp filter", () => {
    const status = (cap: string, seccomp: string): string =>
      `Name:\tnode\nUmask:\t0022\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t${cap}\nSeccomp:\t${seccomp}\nSeccomp_filters:\t1\n`;
    assert.deepEqual(readStatus(status("00000000a80425fb", "2")), {
      umask: "0022",
      uid: 1000,
      hasSysAdmin: false,
      seccomp: true,
    });
    assert.equal(readStatus(status("000001ffffffffff", "0"))?.hasSysAdmin, true);
    assert.equal(readStatus("Name:\tnode\n"), undefined);
  });
});
