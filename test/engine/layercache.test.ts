import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheWouldLie } from "../../src/engine/layercache.ts";

test("buildah's cache is left out wherever it cannot see what an instruction reads", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["RUN make", false],
    ["RUN --mount=type=secret,id=t make", false],
    ["RUN --mount=type=ssh make", false],
    ["RUN --mount=type=tmpfs,target=/t make", false],
    ["RUN --mount=type=cache,target=/t make", false],
    ["RUN --mount=type=cache,target=/t,from=base make", true],
    ["RUN --mount=type=bind,target=/t make", true],
    ["RUN --mount=target=/t make", true],
    ["RUN --mount=from=base,target=/t make", true],
    ['RUN --mount="type=secret,id=t" make', false],
    ["RUN --mount=type=secret,id=t --mount=target=/t make", true],
    ["RUN \\\n  --mount=target=/t make", true],
    ["RUN --mount=$MOUNT make", true],
    ["RUN <<EOF\nmake\nEOF", true],
    ["COPY <<-'EOF' /x\nmake\nEOF", true],
    ["RUN echo $((1 << 2))", false],
  ];
  for (const [instruction, expected] of cases) {
    assert.equal(cacheWouldLie(`FROM scratch\n${instruction}\n`), expected, instruction);
  }
});
