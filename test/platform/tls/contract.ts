/** The contract over TLS; a process of its own, since NODE_EXTRA_CA_CERTS counts at its start only. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { goodLogin } from "../../registry/clients.ts";
import { registryContract } from "../../registry/contract.ts";
import { startDockerRegistry } from "../../support/docker-registry.ts";
import { startTokenService } from "../../support/token-service.ts";
import { mirrorName, registryName, tokensName } from "./names.ts";

const folder = process.env["BERTH_TEST_TLS"] ?? "";
const files = {
  key: readFileSync(join(folder, "key.pem"), "utf8"),
  certificate: readFileSync(join(folder, "cert.pem"), "utf8"),
};

async function docker(auth: "none" | "basic" | "token", hinted = false) {
  const tls = { name: registryName, ...files };
  const tokenService =
    auth === "token" ? await startTokenService({ tls: { name: tokensName, ...files } }) : undefined;
  const registry = await startDockerRegistry({
    auth,
    tls,
    ...(tokenService === undefined ? {} : { tokenService }),
  });
  const { host } = registry;
  const { realm = "", service = "" } = tokenService ?? {};
  return {
    host,
    otherHost: host.replace(registryName, mirrorName),
    login: auth === "none" ? undefined : goodLogin,
    hints: hinted ? [{ host, realm, service }] : [],
    deletesTags: false,
    async stop() {
      await registry.stop();
      await tokenService?.stop();
    },
  };
}

registryContract("docker-registry over TLS", () => docker("none"));
registryContract("docker-registry over TLS with logins", () => docker("basic"));
registryContract("docker-registry over TLS with tokens", () => docker("token"));
registryContract("docker-registry over TLS with tokens and a hint", () => docker("token", true));
