/** Repositories that the cases measure in. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface BenchRepository {
  readonly path: string;
  remove(): void;
}

export type FilesToWrite = Iterable<readonly [path: string, content: string | Uint8Array]>;

/** Makes a committed git repository in a temporary folder. */
export function makeRepository(files: FilesToWrite): BenchRepository {
  const path = mkdtempSync(join(tmpdir(), "berth-bench-"));
  for (const [name, content] of files) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const git = (...args: string[]) => execFileSync("git", args, { cwd: path, stdio: "pipe" });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "-qm", "bench");
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Many files in 100 folders, each of so many bytes that look random and are the same in every run. */
export function* manyFiles(count: number, bytes: number): Generator<readonly [string, Buffer]> {
  for (let number = 0; number < count; number++) {
    const seed = createHash("sha512").update(`${number}`).digest();
    const content = Buffer.concat(Array(Math.ceil(bytes / seed.length)).fill(seed));
    yield [`src/folder-${number % 100}/file-${number}.c`, content.subarray(0, bytes)];
  }
}

/** Dockerfiles of the number, size (600 to 7,500 bytes) and shape of QEMU's. */
export function* qemuLikeDockerfiles(count = 24): Generator<readonly [string, string]> {
  for (let number = 0; number < count; number++) {
    const isStaged = number % 12 === 11;
    const text = isStaged ? stagedDockerfile(number) : plainDockerfile(number, count);
    yield [`tests/docker/dockerfiles/image-${number}.docker`, text];
  }
}

function plainDockerfile(number: number, count: number): string {
  const names = Array.from(
    { length: 5 + Math.round((number * 260) / count) },
    (_, index) => `                      lib-package-${index}`,
  );
  return `# THIS FILE WAS AUTO-GENERATED

FROM docker.io/library/debian:13-slim

RUN export DEBIAN_FRONTEND=noninteractive && \\
    apt-get update && \\
    apt-get install -y eatmydata && \\
    eatmydata apt-get install --no-install-recommends -y \\
${names.join(" \\\n")} && \\
    eatmydata apt-get autoremove -y && \\
    dpkg-query --showformat '\${Package}_\${Version}\\n' --show > /packages.txt

ENV CCACHE_WRAPPERSDIR "/usr/libexec/ccache-wrappers"
ENV LANG "en_US.UTF-8"
ENV MAKE "/usr/bin/make"
ENV QEMU_CONFIGURE_OPTS --cross-prefix=target-${number}-
# As root by default, as the caller where it says who that is.
ARG USER
ARG UID
RUN if [ "\${USER}" ]; then \\
  id \${USER} 2>/dev/null || useradd -u \${UID} -U \${USER}; fi
`;
}

function stagedDockerfile(number: number): string {
  return `ARG BASE=docker.io/library/debian:12-slim
FROM \${BASE} AS builder
ARG TOOLCHAIN_VERSION=${number}
RUN apt-get update && apt-get build-dep -yy gcc
RUN cd /root && git clone --depth 1 --branch v\${TOOLCHAIN_VERSION} https://example.com/toolchain && \\
    cd toolchain && ./configure --prefix=/usr/local && make -j"$(nproc)" install

FROM docker.io/library/debian:12-slim
COPY --from=builder /usr/local /usr/local
ENV PATH $PATH:/usr/local/bin
ARG USER
ARG UID
RUN if [ "\${USER}" ]; then \\
  id \${USER} 2>/dev/null || useradd -u \${UID} -U \${USER}; fi
`;
}
