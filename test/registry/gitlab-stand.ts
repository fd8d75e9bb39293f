/** GitLab's registry for tests of it alone: ours, or a real one that somebody names, with tokens that this makes. */
import { createServer } from "node:http";
import type { TokenHint } from "../../src/http/origin.ts";
import { listen, readRequest, respond } from "../support/faulty-server.ts";
import { startGitLabRegistry } from "../support/gitlab-registry.ts";
import { answerTokens, gitlabIssuer, gitlabService } from "../support/gitlab-tokens.ts";
import { stopServer } from "../support/memory-registry.ts";
import { freeAddress, startNginx } from "../support/nginx.ts";
import { testPassword, testUser } from "../support/token-service.ts";
import { gitlabSigner, type Signer } from "../support/tokens.ts";

export interface Stand {
  readonly host: string;
  /** Before all repositories of this run. */
  readonly prefix: string;
  readonly signer: Signer;
  readonly hint: TokenHint;
  /** What tokens say of every repository, beside its project. */
  readonly said: { meta: object };
  /** Method and path of what the registry was asked; nothing of one that is not ours. */
  readonly log: readonly string[];
  /** The length of each token so far. */
  readonly tokens: readonly number[];
  /** Ends of paths where a push spoils the whole request. */
  readonly protectedPaths: Set<string>;
  stop(): Promise<void>;
}

/** A real registry: its address, and the key whose certificate it has as `rootcertbundle`. */
export interface Real {
  readonly host: string;
  readonly pem: string;
}

/** `memory` is without nginx. */
export async function startStand(kind: "memory" | "distribution" | Real): Promise<Stand> {
  const signer = gitlabSigner(typeof kind === "object" ? kind.pem : undefined);
  const tokens: number[] = [];
  const protectedPaths = new Set<string>();
  const said: { meta: object } = { meta: {} };
  const rules = {
    signer,
    userOf: (password: string | undefined) => (password === testPassword ? testUser : undefined),
    nameOf: (user: string) => user,
    isProtected: (_: string, path: string) => [...protectedPaths].some((end) => path.endsWith(end)),
    may: () => true,
    metaOf: (_: string, path: string) => ({
      project_path: path.split("/").slice(0, 2).join("/"),
      project_id: 12345678,
      root_namespace_id: 12345678,
      ...said.meta,
    }),
  };
  const server = createServer((incoming, response) => {
    void readRequest(incoming).then((request) => {
      const { answer } = answerTokens(rules, request);
      tokens.push(String(answer.body ?? "").length - '{"token":""}'.length);
      respond(request.method, response, undefined, () => answer);
    });
  });
  const inner = await listen(server);
  const outer = kind === "memory" ? inner : await freeAddress();
  const realm = `http://${outer}/jwt/auth`;
  const authority = { realm, service: gitlabService, issuer: gitlabIssuer, signer };
  const ours =
    typeof kind === "object"
      ? { host: kind.host, log: [], stop: async () => undefined }
      : await startGitLabRegistry(kind, authority, () => new Date());
  const host = kind === "memory" ? ours.host : await freeAddress();
  const sites = [
    { at: outer, behind: inner },
    { at: host, behind: ours.host },
  ];
  const nginx = kind === "memory" ? undefined : await startNginx(sites);
  return {
    host,
    prefix: `berth-${Date.now().toString(36)}/`,
    signer,
    hint: { host, realm, service: gitlabService },
    said,
    log: ours.log,
    tokens,
    protectedPaths,
    async stop() {
      await nginx?.stop();
      await ours.stop();
      await stopServer(server);
    },
  };
}
