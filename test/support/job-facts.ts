/** What a job's variables follow from: the server, the project, the ref and who started it. */

export interface ServerFacts {
  /** Such as `https://gitlab.example.com`, without a slash at its end. */
  readonly url: string;
  /** Host of the container registry. */
  readonly registry: string;
}

export interface ProjectFacts {
  readonly id: number;
  /** Full path, with capitals as they were given. */
  readonly path: string;
  readonly defaultBranch: string;
  readonly visibility: "public" | "internal" | "private";
  /** Whether the project has a container registry at all. */
  readonly hasRegistry: boolean;
}

export interface MergeRequestFacts {
  readonly id: number;
  readonly iid: number;
  readonly source: { readonly id: number; readonly path: string };
  readonly target: { readonly id: number; readonly path: string };
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly sourceProtected?: boolean;
  readonly targetProtected?: boolean;
  /** Head of the source branch. */
  readonly head: string;
  /** Head of the target branch. */
  readonly targetHead: string;
  /** Their merge base. */
  readonly base: string;
}

/** What the pipeline runs for. */
export type RefFacts =
  | { readonly kind: "branch"; readonly name: string; readonly protected: boolean }
  | { readonly kind: "tag"; readonly name: string; readonly protected: boolean }
  | {
      readonly kind: "merge-request";
      readonly request: MergeRequestFacts;
      readonly event: "detached" | "merged_result" | "merge_train";
      /** The project setting of GitLab 18.1 that protects such pipelines. */
      readonly protectsRequests?: boolean;
    };

export interface JobFacts {
  readonly server: ServerFacts;
  /** Where the pipeline runs. */
  readonly project: ProjectFacts;
  readonly ref: RefFacts;
  /** What is checked out: for `merged_result` and `merge_train` the commit that GitLab made. */
  readonly commit: { readonly sha: string; readonly timestamp?: string };
  readonly pipeline: {
    readonly id: number;
    readonly iid: number;
    /** `CI_PIPELINE_SOURCE`, such as `push`, `schedule`, `merge_request_event` or `parent_pipeline`. */
    readonly source: string;
  };
  readonly job: {
    readonly id: number;
    readonly name: string;
    readonly stage: string;
    readonly token: string;
  };
  readonly user: { readonly id: number; readonly login: string };
  /** `path!iid` of open merge requests with this source branch; at most four are told. */
  readonly openRequests?: readonly string[];
  /** Where the checkout is, for jobs that run in one. */
  readonly folder?: string;
  /** Variables that win over all others: a user's pipeline or project variables. */
  readonly variables?: Readonly<Record<string, string>>;
}
