/** Keys and certificates for tests, made by openssl. */
import { execFileSync } from "node:child_process";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certified {
  readonly key: string;
  readonly certificate: string;
}

interface Keys extends Certified {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

let keys: Keys | undefined;

/** A key and a self-signed certificate, made once for a test process. */
export function testKeys(): Keys {
  keys ??= inFolder((folder) => {
    openssl(folder, [...selfSigned, "-subj", "/CN=berth-test", ...named("IP:127.0.0.1")]);
    const certified = read(folder);
    return {
      ...certified,
      privateKey: createPrivateKey(certified.key),
      publicKey: new X509Certificate(certified.certificate).publicKey,
    };
  });
  return keys;
}

/** A private authority, and a certificate of it for these names. */
export function privateAuthority(names: readonly string[]): Certified & { authority: string } {
  return inFolder((folder) => {
    openssl(folder, [...selfSigned, "-subj", "/CN=berth-authority"]);
    const { certificate: authority } = read(folder);
    for (const [from, to] of [
      ["cert.pem", "ca.pem"],
      ["key.pem", "ca-key.pem"],
    ] as const)
      writeFileSync(join(folder, to), readFileSync(join(folder, from)));
    const signed = ["-CA", join(folder, "ca.pem"), "-CAkey", join(folder, "ca-key.pem")];
    const list = names.map((name) => `DNS:${name}`).join(",");
    const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
    openssl(folder, [...selfSigned, "-subj", "/CN=leaf", ...named(list), ...leaf, ...signed]);
    return { ...read(folder), authority };
  });
}

const selfSigned = "req -x509 -newkey rsa:2048 -nodes -days 2".split(" ");

function named(names: string): readonly string[] {
  return ["-addext", `subjectAltName=${names},DNS:localhost`];
}

function openssl(folder: string, args: readonly string[]): void {
  const out = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  execFileSync("openssl", [...args, ...out], { stdio: "ignore" });
}

function read(folder: string): Certified {
  const text = (name: string) => readFileSync(join(folder, name), "utf8");
  return { key: text("key.pem"), certificate: text("cert.pem") };
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "berth-keys-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
