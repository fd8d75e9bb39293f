/** The contract over TLS, tokens included; a process of its own, since NODE_EXTRA_CA_CERTS counts at its start only. */
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

registryContract("docker-registry over TLS with tokens", async () => {
  const tokens = await startTokenService({ tls: { name: tokensName, ...files } });
  const tls = { name: registryName, ...files };
  const { host, stop } = await startDockerRegistry({ auth: "token", tls, tokenService: tokens });
  return {
    host,
    otherHost: host.replace(registryName, mirrorName),
    login: goodLogin,
    hints: [],
    deletesTags: false,
    async stop() {
      await stop();
      await tokens.stop();
    },
  };
});
