import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { printRepository } from "../../src/oci/reference.ts";
import { ownBase, situationOf } from "../../src/plan/situation.ts";
import { config, jobEnv } from "../support/keyed.ts";

interface Row {
  readonly what: string;
  readonly env: Record<string, string>;
  readonly upstream?: string;
  readonly registry?: string;
  readonly role: string;
  readonly untrusted?: boolean;
  readonly own: string | undefined;
  readonly reads?: string;
}

const rows: readonly Row[] = [
  {
    what: "no upstream named",
    env: jobEnv("qemu-project/qemu"),
    role: "upstream",
    own: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "upstream by namespace",
    env: jobEnv("qemu-project/qemu"),
    upstream: "qemu-project",
    role: "upstream",
    own: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "upstream by path",
    env: jobEnv("qemu-project/qemu"),
    upstream: "qemu-project/qemu",
    role: "upstream",
    own: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "a fork, upstream by namespace",
    env: jobEnv("alice/qemu"),
    upstream: "qemu-project",
    role: "fork",
    own: "registry.example.com/alice/qemu",
    reads: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "a fork, upstream by path",
    env: jobEnv("alice/fork"),
    upstream: "qemu-project/qemu",
    role: "fork",
    own: "registry.example.com/alice/fork",
    reads: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "upper case in the upstream's path",
    env: jobEnv("alice/qemu"),
    upstream: "QEMU-Project/QEMU",
    role: "fork",
    own: "registry.example.com/alice/qemu",
    reads: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "a fork that names itself upstream, and reads the real one",
    env: jobEnv("alice/qemu", { QEMU_CI_UPSTREAM: "alice" }),
    upstream: "qemu-project",
    role: "upstream",
    own: "registry.example.com/alice/qemu",
    reads: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "upstream as a registry base",
    env: jobEnv("alice/qemu"),
    upstream: "127.0.0.1:5000/qemu-project/qemu",
    role: "fork",
    own: "registry.example.com/alice/qemu",
    reads: "127.0.0.1:5000/qemu-project/qemu",
  },
  {
    what: "a merge request of a fork run here",
    env: jobEnv("qemu-project/qemu", { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "2" }),
    upstream: "qemu-project",
    role: "fork",
    untrusted: true,
    own: "registry.example.com/qemu-project/qemu/try",
    reads: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "a merge request of the project itself",
    env: jobEnv("qemu-project/qemu", { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "1" }),
    upstream: "qemu-project",
    role: "upstream",
    own: "registry.example.com/qemu-project/qemu",
  },
  {
    what: "a developer's machine without a registry",
    env: {},
    upstream: "qemu-project/qemu",
    role: "local",
    own: undefined,
  },
  {
    what: "a developer's machine with --registry",
    env: {},
    registry: "127.0.0.1:5000/alice/qemu",
    upstream: "qemu-project/qemu",
    role: "local",
    own: "127.0.0.1:5000/alice/qemu",
    reads: "127.0.0.1:5000/qemu-project/qemu",
  },
];

describe("situationOf", () => {
  for (const row of rows) {
    test(row.what, () => {
      const found = situationOf(row.env, config({ upstream: row.upstream }), row.registry);
      assert.equal(found.role, row.role);
      assert.equal(found.untrusted !== undefined, row.untrusted ?? false);
      assert.equal(found.own && printRepository(found.own), row.own);
      assert.equal(found.upstream && printRepository(found.upstream), row.reads);
    });
  }

  test("says how to name a registry where none is known", () => {
    const hint = (env: Record<string, string>): string => {
      try {
        ownBase(situationOf(env, config(), undefined));
        return "";
      } catch (error) {
        assert.ok(error instanceof BerthError && error.code === "REGISTRY_UNSET");
        return error.hint ?? "";
      }
    };
    assert.match(hint({}), /--registry/);
    assert.match(hint({ CI: "true" }), /enable the container registry/);
  });
});
