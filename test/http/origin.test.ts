import assert from "node:assert/strict";
import { test } from "node:test";
import { addressKind, apiOrigin, realmTrust, refuseHop } from "../../src/http/origin.ts";

const origins = [
  ["registry.gitlab.com", "https://registry.gitlab.com"],
  ["docker.io", "https://registry-1.docker.io"],
  ["gitlab.example.org:5050", "https://gitlab.example.org:5050"],
  ["localhost:5000", "http://localhost:5000"],
  ["127.0.0.1:5000", "http://127.0.0.1:5000"],
  ["127.8.9.1", "http://127.8.9.1"],
  ["[::1]:5000", "http://[::1]:5000"],
  ["192.168.1.2:5000", "https://192.168.1.2:5000"],
  ["127.0.0.1.example.org", "https://127.0.0.1.example.org"],
  ["plain.example.org", "http://plain.example.org"],
] as const;

for (const [host, origin] of origins)
  test(`${host} is reached at ${origin}`, () =>
    assert.equal(apiOrigin(host, ["plain.example.org"]).origin, origin));

const kinds = [
  ["http://localhost", "loopback"],
  ["http://x.localhost", "loopback"],
  ["http://LocalHost.", "loopback"],
  ["http://notlocalhost", "public"],
  ["http://0.0.0.0", "loopback"],
  ["http://[::1]", "loopback"],
  ["http://169.254.169.254", "link-local"],
  ["http://[fe80::1]", "link-local"],
  ["http://[2002:a9fe:a9fe::1]", "link-local"],
  ["http://[64:ff9b::8.8.8.8]", "public"],
  ["http://[64:ff9b::10.0.0.1]", "private"],
  ["http://[2002:a00:1::]", "private"],
  ["http://[2002:b00:1::]", "public"],
  ["http://10.1.2.3", "private"],
  ["http://172.31.0.1", "private"],
  ["http://192.168.0.1", "private"],
  ["http://[fd00::1]", "private"],
  ["http://172.32.0.1", "public"],
  ["http://[2001:db8::1]", "public"],
  ["http://registry.example.org", "public"],
] as const;

for (const [url, kind] of kinds)
  test(`${url} is ${kind}`, () => assert.equal(addressKind(new URL(url).hostname), kind));

const realms = [
  ["https://registry.gitlab.com", "https://gitlab.com/jwt/auth", "login"],
  ["https://registry-1.docker.io", "https://auth.docker.io/token", "login"],
  ["https://registry.example.org", "https://gitlab.example.org/jwt/auth", "login"],
  ["https://gitlab.example.org:5050", "https://gitlab.example.org/jwt/auth", "login"],
  ["https://registry.example.co.uk", "https://gitlab.example.co.uk/jwt/auth", "login"],
  ["https://example.co.uk", "https://evil.co.uk/jwt/auth", "anonymous"],
  ["https://a.github.io", "https://b.github.io/token", "anonymous"],
  ["https://registry.gitlab.com", "https://gitlab.com.evil.example/jwt/auth", "anonymous"],
  ["https://10.0.0.1", "https://10.0.0.2/token", "anonymous"],
  ["https://registry.gitlab.com", "http://gitlab.com/jwt/auth", "refused"],
  ["https://registry.gitlab.com", "https://169.254.169.254/latest", "refused"],
  ["https://registry.gitlab.com", "https://10.0.0.5/jwt/auth", "refused"],
  ["https://registry.gitlab.com", "https://127.0.0.1/jwt/auth", "refused"],
  ["https://registry.gitlab.com", "https://user:pw@gitlab.com/jwt/auth", "refused"],
  ["https://registry.gitlab.com", "ftp://gitlab.com/jwt/auth", "refused"],
  ["http://127.0.0.1:5000", "http://127.0.0.1:5001/jwt/auth", "login"],
  ["http://127.0.0.1:5000", "https://gitlab.com/jwt/auth", "anonymous"],
  ["http://127.0.0.1:5000", "http://gitlab.com/jwt/auth", "refused"],
  ["http://plain.example.org", "http://plain.example.org:81/token", "login"],
  ["http://plain.example.org", "http://gitlab.example.org/jwt/auth", "refused"],
] as const;

for (const [registry, realm, trust] of realms)
  test(`of ${registry}, the token service ${realm} gets: ${trust}`, () =>
    assert.equal(realmTrust(new URL(registry), new URL(realm)).kind, trust));

const hops = [
  ["https://a.example", "https://storage.example/x", undefined],
  ["https://a.example", "https://10.0.0.5/x", undefined],
  ["http://127.0.0.1:1", "http://127.0.0.1:2/x", undefined],
  ["http://127.0.0.1:1", "https://storage.example/x", undefined],
  ["https://127.0.0.1:1", "http://127.0.0.1:2/x", undefined],
  ["https://a.example", "http://a.example/x", "plain http at a.example"],
  ["https://a.example", "https://127.0.0.1/x", "the loopback address 127.0.0.1"],
  ["https://a.example", "https://169.254.169.254/x", "the link-local address 169.254.169.254"],
  ["http://10.0.0.1", "http://localhost/x", "the loopback address localhost"],
  ["https://a.example", "https://user@b.example/x", "an address with a login in it"],
  ["https://a.example", "data:text/plain,x", "an address that is not http"],
] as const;

for (const [from, to, why] of hops)
  test(`from ${from} to ${to}: ${why ?? "allowed"}`, () =>
    assert.equal(refuseHop(new URL(from), new URL(to)), why));
