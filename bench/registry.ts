/** Starts the benchmark's registry in a process of its own, so that the measured process is alone in its. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { testPassword, testUser } from "../test/support/token-service.ts";

export type Order =
  | { readonly kind: "seed"; readonly images: readonly SeedImage[] }
  /** Repositories below a path ("-" for none) and tags that begin so. */
  | { readonly kind: "forget"; readonly below: string; readonly tags: string }
  /** Gives what was asked since the last time. */
  | { readonly kind: "requests" };

export interface SeedImage {
  readonly path: string;
  readonly tag: string;
  readonly layers: number;
  /** Of each layer; a few hundred where it is 0. */
  readonly layerBytes: number;
}

export interface Reply {
  readonly host?: string;
  readonly realm?: string;
  readonly requests?: readonly string[];
}

export interface BenchRegistry {
  readonly host: string;
  readonly realm: string;
  send(order: Order): Promise<Reply>;
  stop(): Promise<void>;
}

export async function startBenchRegistry(latencyMs: number): Promise<BenchRegistry> {
  const child = fork(join(import.meta.dirname, "registry-server.ts"), [`${latencyMs}`]);
  const [{ host = "", realm = "" }] = (await once(child, "message")) as [Reply];
  return {
    host,
    realm,
    async send(order) {
      const reply = once(child, "message");
      child.send(order);
      return (await reply)[0] as Reply;
    },
    async stop() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** The variables that GitLab gives to a job of a project. */
export function jobEnvironment(
  { host, realm }: Pick<BenchRegistry, "host" | "realm">,
  project: string,
): Record<string, string | undefined> {
  return {
    HOME: "/nonexistent",
    DOCKER_CONFIG: undefined,
    REGISTRY_AUTH_FILE: undefined,
    CI: "true",
    GITLAB_CI: "true",
    CI_SERVER_URL: new URL(realm).origin,
    CI_REGISTRY: host,
    CI_REGISTRY_USER: testUser,
    CI_REGISTRY_PASSWORD: testPassword,
    CI_REGISTRY_IMAGE: `${host}/${project}`,
    CI_PROJECT_PATH: project,
    CI_PROJECT_NAMESPACE: project.split("/")[0],
    CI_PROJECT_NAME: project.split("/")[1],
    CI_PROJECT_ID: "1",
    CI_PIPELINE_ID: "100",
    CI_JOB_ID: "1000",
    CI_COMMIT_BRANCH: "main",
    CI_DEFAULT_BRANCH: "main",
    CI_COMMIT_REF_PROTECTED: "true",
  };
}
