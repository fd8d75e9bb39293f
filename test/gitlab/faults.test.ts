import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { inspect } from "node:util";
import { type Fault, listen, stopServer } from "../support/faulty-server.ts";
import { tooMany } from "../support/gitlab-pages.ts";
import { repositoryId, testScene } from "../support/gitlab-scene.ts";

const scene = await testScene();
const { gitlab, upstream, own, open, tagged } = scene;

const answering = (status: number, body = "", headers = {}): Fault => ({
  kind: "answer",
  answer: () => ({ status, body, headers }),
});
const first = (count: number, fault: Fault) => () => (count-- > 0 ? fault : undefined);

test("faults of the moment pass, also while deleting", async () => {
  tagged("acme/tools/four", "a");
  const port = open(own.env);
  const id = await repositoryId(port, upstream.id, "/four");
  gitlab.fault = first(1, answering(502));
  assert.deepEqual(await port.deleteTag(upstream.id, id, "a"), { kind: "deleted" });
  gitlab.fault = first(1, { kind: "reset" });
  assert.equal(await port.tag(upstream.id, id, "a"), undefined);
});

test("an outage ends after a bounded number of tries", async () => {
  gitlab.fault = () => answering(503);
  await assert.rejects(open(own.env).branches(upstream.id), {
    code: "GITLAB_UNAVAILABLE",
    message: /read the branches.*503/,
  });
  assert.equal(gitlab.log.length, 5);
  gitlab.fault = () => ({ kind: "answer", answer: () => tooMany(86_400) });
  await assert.rejects(open(own.env).branches(upstream.id), { code: "GITLAB_UNAVAILABLE" });
  assert.equal(gitlab.log.length, 6);
  const closed = createServer();
  const host = await listen(closed);
  await stopServer(closed);
  const nobody = open({ CI_API_V4_URL: `http://${host}/api/v4`, CI_JOB_TOKEN: "x" });
  await assert.rejects(nobody.branches(1), { code: "GITLAB_UNAVAILABLE", message: /ECONNREFUSED/ });
});

test("the hint is about GitLab, and names what no other try mends", async () => {
  for (const [fails, hint] of [
    [{ code: "CERT_HAS_EXPIRED" }, /renew the server's certificate/],
    [{ code: "SELF_SIGNED_CERT_IN_CHAIN" }, /NODE_EXTRA_CA_CERTS/],
    [{ code: "ECONNRESET" }, /^GitLab's API cannot be used/],
  ] as const) {
    const fetch = () => Promise.reject(Object.assign(new Error("x"), fails));
    const code = "GITLAB_UNAVAILABLE";
    await assert.rejects(open(own.env, { fetch }).branches(1), { code, hint });
  }
  gitlab.fault = () => ({ kind: "answer", answer: () => tooMany(86_400) });
  await assert.rejects(open(own.env).branches(1), { hint: /^GitLab limits how often/ });
});

test("a login page is not an answer", async () => {
  gitlab.fault = () => answering(200, "<html>sign in</html>", { "content-type": "text/html" });
  await assert.rejects(open(own.env).project(upstream.id), { code: "GITLAB_ANSWER" });
  await assert.rejects(open(own.env).branches(upstream.id), { code: "GITLAB_ANSWER" });
});

const one = JSON.stringify([{ name: "main", commit: { id: "a".repeat(40) } }]);
const next = (page: number) => `<https://x/y?page=${page}>; rel="next"`;
const pages: readonly (readonly [string, number, (asked: number) => Fault])[] = [
  ["leads back to itself", 2, () => answering(200, one, { link: next(2) })],
  ["goes on behind an empty page", 1, () => answering(200, "[]", { link: next(2) })],
  [
    "has a page that is no list",
    2,
    (asked) => answering(200, asked === 1 ? one : "{}", { link: next(asked + 1) }),
  ],
  [
    "has a login page among them",
    2,
    (asked) => answering(200, asked === 1 ? one : "<html>", asked === 1 ? { link: next(2) } : {}),
  ],
  ["names its next page in a number alone", 1, () => answering(200, one, { "x-next-page": "2" })],
  [
    "names its next page otherwise",
    1,
    () => answering(200, one, { link: '<https://x/y?page=2>;rel="next"' }),
  ],
];
for (const [what, requests, fault] of pages)
  test(`a listing that ${what} is an error, for one that lacks something would mislead`, async () => {
    gitlab.fault = () => fault(gitlab.log.length);
    await assert.rejects(open(own.env).branches(upstream.id), { code: "GITLAB_ANSWER" });
    assert.equal(gitlab.log.length, requests);
  });

test("a page that GitLab refuses after others is a refusal of the whole", async () => {
  gitlab.fault = () =>
    gitlab.log.length === 1 ? answering(200, one, { link: next(2) }) : answering(403, "{}");
  await assert.rejects(open(own.env).branches(upstream.id), { code: "GITLAB_DENIED" });
  assert.equal(gitlab.log.length, 2);
});

test("a token stays with GitLab when an answer leads elsewhere", async () => {
  const seen: unknown[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers["job-token"], request.headers["private-token"]);
    response.end("{}");
  });
  const host = await listen(other);
  try {
    gitlab.fault = () => answering(302, "", { location: `http://${host}/api/v4/job` });
    await assert.rejects(open(own.env).branches(upstream.id), { name: "BerthError" });
    const given = seen.filter((token) => token !== undefined);
    assert.deepEqual(given, []);
  } finally {
    await stopServer(other);
  }
});

test("no error shows a token, whatever GitLab sends", async () => {
  const given = gitlab.token("olga", "read_api");
  const faults = (secret: string): readonly Fault[] => {
    const echo = JSON.stringify({ message: `no ${secret}`, error: { token: secret } });
    return [
      ...[400, 401, 403, 404, 405, 418, 500, 503].map((status) => answering(status, echo)),
      answering(200, secret),
      answering(200, echo),
      answering(302, "", { location: `https://x.example/?token=${secret}` }),
      { kind: "reset" },
      { kind: "truncated" },
    ];
  };
  for (const [env, secret] of [
    [own.env, own.token],
    [{ ...own.env, GITLAB_TOKEN: given }, `${own.token} ${given}`],
  ] as const)
    for (const fault of faults(secret)) {
      gitlab.fault = () => fault;
      const port = open(env);
      const asked: readonly Promise<unknown>[] = [
        port.project(upstream.id),
        port.branches(upstream.id),
        port.tag(upstream.id, 1, "x"),
        port.deleteTag(upstream.id, 1, "x"),
      ];
      for (const result of await Promise.allSettled(asked)) {
        const shown = inspect(result, { depth: 9, showHidden: true });
        for (const part of secret.split(" ")) assert.ok(!shown.includes(part), shown);
      }
    }
});
