import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { client } from "../registry/clients.ts";
import { type Certified, privateAuthority } from "../support/certificates.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { mirrorName, registryName, tokensName } from "./tls/names.ts";

suite("a registry with a certificate of a private authority", () => {
  let folder = "";
  let files: Certified & { authority: string };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
    files = privateAuthority([registryName, mirrorName, tokensName]);
    writeFileSync(join(folder, "key.pem"), files.key, { mode: 0o600 });
    writeFileSync(join(folder, "cert.pem"), files.certificate);
    writeFileSync(join(folder, "ca.pem"), files.authority);
  });
  after(() => rmSync(folder, { recursive: true }));

  const named = ["NODE_EXTRA_CA_CERTS", "CI_SERVER_TLS_CA_FILE"];
  for (const name of named)
    test(`does all that the contract asks, where ${name} names the authority`, async () => {
      const child = join(import.meta.dirname, "tls/contract.ts");
      // With its context, the child would take itself for a part of this run.
      const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
      const env = { ...inherited, BERTH_TEST_TLS: folder, [name]: join(folder, "ca.pem") };
      const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
        const args = ["--test", "--test-reporter=tap", child];
        execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
          resolve({ code: error?.code ?? 0, output: stdout + stderr }),
        );
      });
      assert.equal(code, 0, output);
      const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1]);
      assert.ok(passed >= 9 && /^# skipped 0$/m.test(output), output);
    });

  test("is refused at once where nothing names the authority, with what to do", async () => {
    const tls = { name: registryName, key: files.key, certificate: files.certificate };
    const docker = await startDockerRegistry({ tls });
    const lines: string[] = [];
    const opened = client(undefined, { log: (line) => lines.push(line) });
    await assert.rejects(opened.get({ host: docker.host, path: "some/image", tag: "one" }), {
      code: "REGISTRY_UNAVAILABLE",
      hint: /^name the authority of the server's certificate with NODE_EXTRA_CA_CERTS/,
    });
    await docker.stop();
    assert.deepEqual(lines, []);
  });
});
