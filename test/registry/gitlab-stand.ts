/** GitLab's registry for tests of it alone: ours, or a real one that somebody names, with tokens that this makes. */
import type { TokenHint } from "../../src/http/origin.ts";
import { startGitLabRegistry } from "../support/gitlab-registry.ts";
import { gitlabIssuer, gitlabService, gitlabToken } from "../support/gitlab-tokens.ts";
import { freeAddress, startNginx } from "../support/nginx.ts";
import { startTokenService } from "../support/token-service.ts";
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
  const lengths: number[] = [];
  const protectedPaths = new Set<string>();
  const said: { meta: object } = { meta: {} };
  const tokens = await startTokenService({
    rules: {
      isProtected: (_, path) => [...protectedPaths].some((end) => path.endsWith(end)),
      metaOf: (_, path) => ({
        project_path: path.split("/").slice(0, 2).join("/"),
        project_id: 12345678,
        root_namespace_id: 12345678,
        ...said.meta,
      }),
      tokenFor(user, access) {
        const token = gitlabToken(signer, user, access);
        lengths.push(token.length);
        return token;
      },
    },
  });
  const inner = new URL(tokens.realm).host;
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
    tokens: lengths,
    protectedPaths,
    async stop() {
      await nginx?.stop();
      await ours.stop();
      await tokens.stop();
    },
  };
}
