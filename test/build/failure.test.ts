import assert from "node:assert/strict";
import { test } from "node:test";
import { buildError, refuseMisread } from "../../src/build/buildah-failure.ts";
import { daemonError, dockerBuildError, wasBusy } from "../../src/build/docker-failure.ts";
import type { BuildRequest } from "../../src/build/engine.ts";
import {
  buildFailed,
  isPassing,
  lastLines,
  otherThan,
  pushed,
  registryError,
  registryFailure,
  withOutput,
  withoutSecrets,
} from "../../src/build/failure.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import type { RunResult } from "../../src/world.ts";
import { ended as endedAs } from "../support/processes.ts";
import { buildRequest } from "./request.ts";

const plain = buildRequest().traits;
const steps = [
  { keyword: "from", line: 1, last: 1 },
  { keyword: "run", line: 4, last: 6 },
];
const request = buildRequest({
  dockerfile: "FROM scratch\nRUN <<EOF\ntrue\nEOF\n",
  source: { file: "debian.docker", lines: [1, 4, 5, 6], stages: [{ name: undefined, steps }] },
  traits: { ...plain, heredocs: true, runHeredocs: true },
  destination: { host: "h:5000", path: "debian", tag: "t" },
});

const ended = (stderr: string, exitCode = 125) => endedAs({ exitCode, stderr });

test("an engine's words about a registry are read as what they mean", () => {
  const lines: readonly (readonly [string, ErrorCode | undefined])[] = [
    ["reading manifest c in h/a: unauthorized: authentication required", "REGISTRY_DENIED"],
    ["denied: requested access to the resource is denied", "REGISTRY_DENIED"],
    ["no basic auth credentials", "REGISTRY_DENIED"],
    ["unexpected status from HEAD request to https://h/v2/: 403 Forbidden", "REGISTRY_DENIED"],
    [
      "pinging container registry h: dial tcp 1.2.3.4:443: connect: connection refused",
      "REGISTRY_UNAVAILABLE",
    ],
    ['Get "https://h/v2/": net/http: TLS handshake timeout', "REGISTRY_UNAVAILABLE"],
    ["received unexpected HTTP status: 503 Service Unavailable", "REGISTRY_UNAVAILABLE"],
    ["toomanyrequests: You have reached your pull rate limit", "REGISTRY_UNAVAILABLE"],
    ['Get "https://h/v2/": x509: certificate signed by unknown authority', "REGISTRY_REFUSED"],
    ["http: server gave HTTP response to HTTPS client", "REGISTRY_REFUSED"],
    ["reading manifest 1 in h/nope: manifest unknown", undefined],
    ["target stage nope could not be found", undefined],
    ['building at STEP "COPY denied /x": checking on "/tmp/a-403/c": no such file', undefined],
    ['failed to calculate checksum of ref 1::a: "/unauthorized/f": not found', undefined],
    ['building at STEP "COPY --from=h/a b c": reading h/a: 403 Forbidden', "REGISTRY_DENIED"],
    ['failed to solve: process "sh -c echo 403" did not complete successfully: killed', undefined],
  ];
  for (const [line, code] of lines) assert.equal(registryFailure(line), code, line);
});

test("what an engine says of a certificate leads to what berth says of the same", () => {
  for (const [said, hint] of [
    ["x509: certificate signed by unknown authority", /NODE_EXTRA_CA_CERTS, .*certs\.d/],
    ["x509: certificate has expired or is not yet valid: current time", /^renew the server's/],
    ["x509: certificate is valid for a.example, not h", /for another host/],
    ["x509: certificate is not valid for any names, but wanted to match h", /for another host/],
    ["x509: cannot validate certificate for 1.2.3.4: any IP SANs", /for another host/],
    ["http: server gave HTTP response to HTTPS client", /^h:1 speaks plain http: .*`insecure`/],
    ["tag is valid for nobody", /see its message/],
  ] as const) {
    const { code, hint: told } = registryError("push h:1/x", said, "h:1");
    assert.deepEqual([code, hint.test(told ?? "")], ["REGISTRY_REFUSED", true], said);
  }
});

test("only a push that may succeed a moment later is tried again", () => {
  for (const [line, expected] of [
    ["blob unknown to registry", true],
    ["received unexpected HTTP status: 502 Bad Gateway", true],
    ["denied: requested access", false],
    ["tag invalid", false],
    ["x509: bad certificate", false],
  ] as const)
    assert.equal(isPassing(line), expected, line);
});

type Case = readonly [said: RunResult, ErrorCode, message: string];

const away = "pinging container registry h: dial tcp: lookup h: no such host";
const pulling = `creating build container: initializing source docker://h/x:1: ${away}`;
const groups = "error setting supplemental groups list: operation not permitted\n";
const started = 'Error: building at STEP "RUN true": exit status 1\n';
const exit125 = 'Error: building at STEP "RUN exit 125": while running runtime: exit status 125\n';
const printed = "STEP 1/2: FROM scratch\nSTEP 2/2: RUN exit 125\n";
const curl = 'dial tcp: connection refused\nError: building at STEP "RUN curl h": exit status 7\n';
const full = "write /f: no space left on device\n";
const copied = `Error: building at STEP "COPY . /x": 2 errors occurred:\n\t* reading "/tmp/c": closed pipe\n\t* storing "/tmp/c": ${full}\n`;
const request125 =
  'copier.request{Request:"PUT", Excludes:[]string(nil), More:{A:"}: "}}: copier: put: EOF in "a"\n';
const bulk = `Error: building at STEP "ADD t.tar /x": 2 errors occurred:\n\t* reading "/c/t.tar": EOF\n\t* storing "/c/t.tar": error during bulk transfer for ${request125}\n\n`;
const unread =
  "Error: resolving step {Value:env Next:0xc0 Children:[] Heredocs:[] Attributes:map[] Original:ENV A=${X#v} Flags:[] StartLine:2 EndLine:2}: Missing ':' in substitution: ${X#v}\n";
const netavark =
  'Error: creating build container: could not find "netavark" in one of [/usr/lib]\n';
const killed = (signal: NodeJS.Signals) => endedAs({ exitCode: undefined, signal });

const buildahCases: readonly Case[] = [
  [
    { ...ended(exit125), stdout: printed },
    "BUILD_FAILED",
    "debian.docker:4: RUN exit 125: exit status 125",
  ],
  // What a command prints is not taken for buildah's own word.
  [ended(curl, 7), "BUILD_FAILED", "debian.docker: RUN curl h: exit status 7"],
  [ended(netavark), "ENGINE_MISSING", "netavark is not installed"],
  [ended(groups + started, 1), "ENGINE_UNAVAILABLE", 'building at STEP "RUN true": exit status 1'],
  [ended(`Error: ${pulling}\n`), "REGISTRY_UNAVAILABLE", pulling],
  [
    ended(copied),
    "DISK_FULL",
    `debian.docker: COPY . /x: reading "/tmp/c": closed pipe; storing "/tmp/c": ${full.trim()}`,
  ],
  [
    ended(bulk),
    "BUILD_FAILED",
    'debian.docker: ADD t.tar /x: reading "t.tar": EOF; storing "t.tar": copier: put: EOF in "a"',
  ],
  [
    { ...ended(unread), stdout: printed.replace("2/2", "1/2") },
    "BUILD_FAILED",
    "debian.docker:4: ENV A=${X#v}: Missing ':' in substitution: ${X#v}",
  ],
  [ended(`${full}${started}`, 1), "BUILD_FAILED", "debian.docker: RUN true: exit status 1"],
  [killed("SIGTERM"), "INTERRUPTED", "buildah was ended by SIGTERM"],
  [killed("SIGKILL"), "BUILD_FAILED", "buildah was killed"],
];

const excerpt =
  "------\n > importing cache manifest from h/x:cache:\n------\n------\n > [b 1/1] RUN make:\n#9 0.1 dial tcp\n------\n";
const old = "executor failed running [/bin/sh -c make]: exit code: 2\n";
const newer =
  'ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2\n';
const daemon =
  "Cannot connect to the Docker daemon at tcp://docker:2376. Is the docker daemon running?";
const buildx = "ERROR: BuildKit is enabled but the buildx component is missing or broken.\n";
const denied =
  "failed to solve with frontend dockerfile.v0: pulling from host h failed with status code [manifests c]: 401 Unauthorized";
const late = "DeadlineExceeded: context deadline exceeded";

const cut =
  "------\n > [2/2] ADD t.tar.gz /x/:\n------\nError processing tar file(exit status 1): unexpected EOF\n";
const fetched = cut.replace("t.tar.gz", "https://h/t.tar.gz");

const dockerCases: readonly Case[] = [
  [
    ended(cut, 1),
    "BUILD_FAILED",
    "debian.docker:4: ADD t.tar.gz /x/: Error processing tar file(exit status 1): unexpected EOF",
  ],
  [
    ended(fetched, 1),
    "REGISTRY_UNAVAILABLE",
    "Error processing tar file(exit status 1): unexpected EOF",
  ],
  [ended(excerpt + old, 1), "BUILD_FAILED", "debian.docker: RUN make: exit status 2"],
  [ended(excerpt + newer, 1), "BUILD_FAILED", "debian.docker: RUN make: exit status 2"],
  [ended(`${daemon}\n`, 1), "ENGINE_UNAVAILABLE", daemon],
  [ended(buildx, 1), "ENGINE_MISSING", "docker-buildx is missing"],
  [ended(`${denied}\n`, 1), "REGISTRY_DENIED", denied],
  [ended(`failed to solve: ${late}\n`, 1), "ENGINE_UNAVAILABLE", late],
  [ended(`ERROR: failed to solve: ${full}`, 1), "DISK_FULL", `debian.docker: ${full.trim()}`],
];

test("a build that failed is told by code, image, instruction and exit status", () => {
  const told = ({ code, message }: BerthError) => [code, message.replace(/^build debian: /, "")];
  for (const [said, ...expected] of buildahCases)
    assert.deepEqual(told(buildError(request, said)), expected);
  for (const [said, code, message] of dockerCases) {
    const error = dockerBuildError(request, said, "tcp://docker:2376");
    const reach = message === daemon ? "reach the docker daemon at tcp://docker:2376: " : "";
    assert.deepEqual(told(error), [code, reach + message]);
  }
});

test("what docker may be asked once more is a registry's failure, and no file's", () => {
  assert.deepEqual(
    [cut, fetched, newer].map((said) => wasBusy(ended(said, 1))),
    [false, true, false],
  );
});

test("a heredoc that the program does not know leads to a hint", () => {
  const line =
    "failed to create LLB definition: dockerfile parse error line 3: unknown instruction: TRUE\n";
  const error = dockerBuildError(request, ended(line), undefined);
  assert.equal(error.message, "build debian: debian.docker:5: unknown instruction: TRUE");
  assert.match(error.hint ?? "", /heredocs/);
});

test("of names that a store lists the ones beside the newest are old", () => {
  assert.deepEqual(otherThan("x:2", "x:1\nx:2\n\nx:3\n"), ["x:1", "x:3"]);
});

test("logins and queries in addresses do not get into a message", () => {
  const said = withoutSecrets('Get "https://me:word@h/v2/?token=abc": denied');
  assert.equal(said, 'Get "https://h/v2/": denied');
});

test("a push is tried once more where the registry was only busy", async () => {
  const busy = ended("blob unknown to registry", 1);
  const denied = ended("denied: requested access", 1);
  const done = ended("", 0);
  const table: readonly (readonly [readonly RunResult[], ErrorCode | undefined, number])[] = [
    [[done], undefined, 1],
    [[busy, done], undefined, 2],
    [[busy, busy, done], "REGISTRY_REFUSED", 2],
    [[denied, done], "REGISTRY_DENIED", 1],
    [[ended(full, 1), done], "DISK_FULL", 1],
  ];
  for (const [answers, code, calls] of table) {
    const left = [...answers];
    const speaker = { program: "x", get: "", lineOf: (result: RunResult) => result.stderr };
    const pushing = pushed(async () => left.shift() ?? done, request.destination, speaker, {
      now: () => new Date(0),
      sleep: async () => {},
    });
    const got = await pushing.then(
      () => undefined,
      (error: unknown) => (error instanceof BerthError ? error.code : "other"),
    );
    assert.deepEqual([got, answers.length - left.length], [code, calls]);
  }
});

test("buildah is not asked to build what it reads otherwise than the key means", async () => {
  const note = (line: number, below: number | undefined) => {
    return { line, column: 1, message: `line ${line} is read otherwise`, buildah: { below } };
  };
  const noted = { ...request, traits: plain, notes: [note(4, 40), note(6, undefined)] };
  const problemsWith = async (minor: number): Promise<readonly string[]> => {
    const version = { text: `1.${minor}.0`, minor };
    const error: unknown = await refuseMisread(noted, version, links).catch((it: unknown) => it);
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, "BUILD_FAILED");
    assert.match(error.message, new RegExp(`build debian: buildah 1\\.${minor}\\.0 reads debian`));
    assert.match(error.hint ?? "", /docker engine/);
    return error.problems.map(({ file, line }) => `${file}:${line}`);
  };
  assert.deepEqual(await problemsWith(39), ["debian.docker:4", "debian.docker:6"]);
  assert.deepEqual(await problemsWith(40), ["debian.docker:6"]);
});

const links = {
  entry: async (path: string) => {
    const kind = path.endsWith("/link") ? "symlink" : "file";
    return { kind, executable: false, size: 0 } as const;
  },
};

test("an old buildah is not given what it would build wrong or fail at without a word", async () => {
  const mounts = (...paths: readonly string[]) => ({
    traits: { ...plain, binds: true },
    mounted: paths.map((path) => ({ path, line: 5 })),
  });
  const scratchFor = (platform: string) => ({ platform, traits: { ...plain, onScratch: true } });
  const cases: readonly (readonly [Partial<BuildRequest>, number, string | undefined])[] = [
    [{}, 32, "debian.docker:4: buildah 1.x does not know heredocs"],
    [{}, 33, undefined],
    [{ traits: plain }, 28, undefined],
    [mounts("file", "d/link/f"), 28, 'debian.docker:5: buildah 1.x follows the link "d/link" '],
    [mounts("file", "d/link/f"), 36, undefined],
    [mounts("file", "d/f"), 28, undefined],
    [
      { traits: { ...plain, binds: true, part: 7 } },
      35,
      "debian.docker:7: buildah 1.x follows a link",
    ],
    [{ traits: { ...plain, binds: true, part: 7 } }, 36, undefined],
    [{ traits: { ...plain, upon: 7 } }, 30, "debian.docker:7: buildah 1.x takes out of the image"],
    [{ traits: { ...plain, upon: 7 } }, 31, undefined],
    [{ ...mounts("link"), traits: plain }, 28, undefined],
    [scratchFor("linux/arm/v6"), 39, "buildah says linux/arm/v7 of what is made from scratch for"],
    [scratchFor("linux/arm/v7"), 39, undefined],
    [{ ...scratchFor("linux/arm/v6"), traits: plain }, 39, undefined],
  ];
  for (const [change, minor, message] of cases) {
    const asked = refuseMisread({ ...request, ...change }, { text: "1.x", minor }, links);
    const said = await asked.then(
      () => undefined,
      (error: Error) => error.message,
    );
    assert.ok(message === undefined ? said === undefined : said?.includes(message), String(said));
  }
});

test("who is to start the daemon depends on where it is looked for", () => {
  for (const [host, hint] of [
    [undefined, /^start a daemon/],
    ["unix:///var/run/docker.sock", /^start a daemon/],
    ["tcp://docker:2376", /service docker:dind is declared/],
  ] as const)
    assert.match(daemonError("Cannot connect", host).hint ?? "", hint);
});

test("an image that is gone since the plan was made is told from a build that failed", () => {
  for (const [what, hint] of [
    ["initializing source docker://h/p@sha256:1: reading manifest: manifest unknown", /plan job/],
    ["h/p:1: failed to resolve source metadata for h/p:1: h/p:1: not found", /plan job/],
    ['"/file": not found', /own lines say why; `berth run --local debian`/],
    ["exit status 127", /own lines say why; `berth run --local debian`/],
  ] as const)
    assert.match(buildFailed(request, 1, what).hint ?? "", hint, what);
});

test("a heredoc's script, which buildah's isolation chroot does not find, has a hint of its own", () => {
  const said =
    "/bin/sh: can't open '/dev/pipes/buildahheredoc3254': No such file or directory\nsubprocess exited with status 2\n";
  const failed = ended(`${said}Error: building at STEP "RUN <<E": exit status 2\n`, 2);
  assert.match(buildError(request, failed).hint ?? "", /begins with #!.*COPY the script/);
});

test("the last lines of a failed build are kept for reports, without logins and endless lines", () => {
  const { kept, onLine } = lastLines(() => undefined);
  for (let number = 0; number < 30; number++) onLine(`line ${number}`);
  onLine("E: no package  ");
  onLine("get https://me:password@host/file with id");
  onLine("x".repeat(9000));
  const error = new BerthError("BUILD_FAILED", "build debian: exit status 1", { hint: "look" });
  const told = withOutput(error, kept);
  assert.deepEqual([told.code, told.message, told.hint], [error.code, error.message, "look"]);
  assert.equal(told.output.length, 20);
  const last = ["line 29", "E: no package", "get https://host/file with id"];
  assert.deepEqual(told.output.slice(-4, -1), last);
  assert.equal(told.output.at(-1)?.length, 500);
});
