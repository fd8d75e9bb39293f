/** What the stand-in's endpoints answer from. */
import type { SeenRequest } from "./faulty-server.ts";
import type { Identity, Model, TestProject } from "./gitlab-model.ts";
import type { GitLabRegistry } from "./gitlab-registry.ts";

export interface Api {
  readonly model: Model;
  readonly registry: Pick<GitLabRegistry, "tags" | "host">;
  /** Repositories that a push scope brought into being. */
  readonly created: ReadonlySet<string>;
  readonly url: string;
  /** Job tokens may read pipelines and their jobs: GitLab 19; not in 17. */
  readonly isNew: boolean;
  /** The registry has a metadata database: listing by keyset, time of tagging, protected tags. */
  readonly hasDatabase: boolean;
  readonly repositories: RepositoryNumbers;
}

/** Numbers and times of birth of container repositories, by path. */
export type RepositoryNumbers = Map<string, { readonly id: number; readonly createdAt: Date }>;

export interface Asked {
  readonly api: Api;
  readonly request: SeenRequest;
  readonly identity: Identity;
  readonly project: TestProject;
  /** What the groups of the route's path matched, decoded. */
  readonly parts: readonly string[];
}
