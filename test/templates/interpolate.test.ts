import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { interpolate } from "../support/interpolate.ts";
import { body, header, one, problemsOf } from "./small.ts";

describe("a whole value", () => {
  const cases: readonly [type: string, value: unknown][] = [
    ["string", "text"],
    ["string", "true"],
    ["string", "1"],
    ["string", "null"],
    ["string", "a: b # c"],
    ["string", "two\nlines"],
    ["string", ""],
    ["string", "$[[ inputs.x ]]"],
    ["number", 75],
    ["number", 1.5],
    ["boolean", false],
    ["boolean", true],
    ["array", []],
    ["array", ["a", 1, true, ["b"]]],
    ["array", [{ if: '$A == "$[[ inputs.x ]]"', when: "never" }]],
  ];
  for (const [type, value] of cases)
    test(`keeps the type of ${type} ${JSON.stringify(value)}`, () => {
      const text = one(
        `{ type: ${type} }`,
        "job:\n  rules: $[[ inputs.x ]]\n  needs: [$[[inputs.x]]]",
      );
      const found = interpolate(text.replace("[$[[inputs.x]]]", '["$[[inputs.x]]"]'), { x: value });
      assert.deepEqual(found.value, { job: { rules: value, needs: [value] } });
    });
});

describe("within a longer text", () => {
  const cases: readonly [type: string, value: unknown, text: string][] = [
    ["string", 'a"b', 'pre a"b post'],
    ["number", 7, "pre 7 post"],
    ["boolean", false, "pre false post"],
    ["string", "$[[ inputs.x ]]", "pre $[[ inputs.x ]] post"],
    ["string", "$& $1 $$", "pre $& $1 $$ post"],
  ];
  for (const [type, value, text] of cases)
    test(`${type} ${JSON.stringify(value)} becomes text`, () => {
      const template = one(`{ type: ${type} }`, "job:\n  script: pre $[[ inputs.x ]] post");
      assert.deepEqual(interpolate(template, { x: value }).value, { job: { script: text } });
    });

  test("a list is printed as Ruby does, and what that prints otherwise than JSON is refused", () => {
    const template = one("{ type: array, default: [] }", body);
    const { value } = interpolate(template, { x: ["a", "$b"] });
    assert.deepEqual(value, { job: { script: 'echo ["a", "$b"]' } });
    assert.throws(() => interpolate(template, { x: [1] }), /puts a list into a text/);
    assert.throws(() => interpolate(template, { x: ["#{a}"] }), /puts a list into a text/);
  });

  test("of two jobs that have one name then, the last is left", () => {
    const jobs = '".a $[[ inputs.x ]]": { stage: one }\n".a []": { stage: two }\n';
    const template = one("{ type: array, default: [] }", jobs);
    assert.deepEqual(interpolate(template).value, { ".a []": { stage: "two" } });
    assert.deepEqual(Object.keys(interpolate(template, { x: ["t"] }).value), ['.a ["t"]', ".a []"]);
  });

  test("a number that YAML reads as a text stays a text", () => {
    const template = one(
      "{ type: number, default: 1 }",
      "job:\n  timeout: $[[ inputs.x ]]$[[ inputs.x ]]",
    );
    assert.deepEqual(interpolate(template).value, { job: { timeout: "11" } });
  });
});

describe("a key", () => {
  test("is interpolated like a value", () => {
    const template = one("{}", ".$[[ inputs.x ]]use:\n  variables:\n    $[[ inputs.x ]]: a");
    assert.deepEqual(interpolate(template, { x: "A" }).value, {
      ".Ause": { variables: { A: "a" } },
    });
  });

  test("must be a text", () => {
    const template = one("{ type: number, default: 1 }", "$[[ inputs.x ]]: {}");
    assert.deepEqual(problemsOf(template), [
      "$[[ inputs.x ]]: $[[ inputs.x ]] makes a key that is no text",
    ]);
  });

  test("must not appear twice", () => {
    const template = one("{}", "$[[ inputs.x ]]: {}\njob: {}");
    assert.match(
      problemsOf(template, { x: "job" })[0] ?? "",
      /^after interpolation: Map keys must be unique/,
    );
    assert.deepEqual(problemsOf(template, { x: "other" }), []);
  });
});

test("values are put into parsed YAML, so that no quote or comment sign in them matters", () => {
  const template = one(
    "{}",
    "job:\n  rules:\n    - if: '$A == \"$[[ inputs.x ]]\"' # $[[ a comment ]]",
  );
  const { value, text } = interpolate(template, { x: "it's # not a comment" });
  assert.deepEqual(value, { job: { rules: [{ if: '$A == "it\'s # not a comment"' }] } });
  assert.match(text, /^job:\n {2}rules:\n/m);
});

test("!reference stays in the text, and is a list in the value", () => {
  const { value, text } = interpolate(
    one("{ default: a }", 'job: { script: !reference [".$[[ inputs.x ]]", script] }'),
  );
  assert.deepEqual(value, { job: { script: [".a", "script"] } });
  assert.match(text, /script: !reference \[ ?"?\.a"?, script ?\]/);
});

test("YAML is read as version 1.1, as GitLab's Ruby does", () => {
  const { value } = interpolate(
    one("{ default: a }", "job:\n  a: yes\n  b: 0644\n  y: n\n  c: $[[ inputs.x ]]"),
  );
  assert.deepEqual(value, { job: { a: true, b: 420, y: "n", c: "a" } });
});

describe("blocks that are mistakes", () => {
  const cases: readonly [what: string, text: string, problem: RegExp][] = [
    ["an undeclared input", "$[[ inputs.y ]]", /^job:script: inputs\.y is not declared$/],
    ["a function", "$[[ inputs.x | truncate(0,8) ]]", /functions \(truncate\(0,8\)\) in /],
    ["another context", "$[[ matrix.OS ]]", /is neither an input nor a field of the component$/],
    ["a path into an input", "$[[ inputs.x.y ]]", /is neither an input nor/],
    ["a bare name", "$[[ inputs ]]", /is neither an input nor/],
    ["an empty block", "$[[ ]]", /\$\[\[ begins no block/],
    ["an open block", "$[[ inputs.x", /\$\[\[ begins no block/],
    ["a block over two lines", '"$[[ inputs\\n.x ]]"', /\$\[\[ begins no block/],
    ["the component without declaration", "$[[ component.sha ]]", /component\.sha is not declared/],
    ["a block of over 1 KiB", `$[[ inputs.${"x".repeat(1024)} ]]`, /a block of over 1 KiB/],
  ];
  for (const [what, text, problem] of cases)
    test(what, () => {
      const template = one("{ default: a }", `job:\n  script: ${text}\n  stage: $[[ inputs.x ]]`);
      assert.ok(
        problemsOf(template).some((found) => problem.test(found)),
        `${problemsOf(template)}`,
      );
    });

  test("a declared input that is used nowhere, comments not counted", () => {
    const template = one("{ default: a }", "job:\n  script: a # $[[ inputs.x ]]");
    assert.deepEqual(problemsOf(template), ["input x: declared, and used nowhere"]);
  });
});

describe("the component's context", () => {
  const template =
    "spec:\n  component: [sha, version]\n---\njob:\n  script: a $[[ component.sha ]] $[[ component.version ]]\n";

  test("is there for those who declare it; a version may be missing", () => {
    const { value } = interpolate(template, {}, { sha: "abc", version: null });
    assert.deepEqual(value, { job: { script: "a abc " } });
  });

  test("must be given", () => {
    assert.deepEqual(problemsOf(template, {}, { sha: "abc" }), [
      "component.version: declared, and not given",
    ]);
  });

  test("has no other fields", () => {
    const found = problemsOf(template.replace("[sha", "[ref, sha"), {}, { sha: "a", version: "1" });
    assert.match(found[0] ?? "", /ref is no field/);
  });
});

test("a template is a header and a body", () => {
  const cases: readonly [text: string, problem: RegExp][] = [
    ["job: {}\n", /^1 documents where/],
    ["", /^0 documents where/],
    ["spec:\n---\njob: {}\n---\nmore: {}\n", /^3 documents where/],
    ["spec:\n---\n- job\n", /the body is not a map/],
    ["spec:\ndefault: {}\n---\njob: {}\n", /the header has the key default/],
    ["spec:\n  include: []\n---\njob: {}\n", /spec has the key include/],
    ["spec:\n---\njob: {}\njob: {}\n", /Map keys must be unique/],
  ];
  for (const [text, problem] of cases) assert.match(problemsOf(text)[0] ?? "", problem);
  assert.deepEqual(interpolate("spec:\n---\njob: {}\n").value, { job: {} });
});

test("all problems are told at once", () => {
  const template = `${header("x:\ny: { type: number }")}job:\n  script: $[[ inputs.x ]] $[[ inputs.y ]] $[[ inputs.z ]]\n`;
  assert.deepEqual(problemsOf(template, { y: "1", w: 1 }), [
    "job:script: inputs.z is not declared",
    "input w: unknown",
    "input x: mandatory, and not given",
    'input y: "1" is no number',
  ]);
});
