/** What prune asks of a registry and of a project; the edge puts GitLab, git or another registry behind it. */
import type { Manifest } from "../oci/manifest.ts";

/** A tag as a registry lists it. */
export interface ListedTag {
  readonly name: string;
  readonly digest?: string | undefined;
  /**
   * When the tag was put, in milliseconds since 1970. Never the time that the image was built, which a
   * retagged image keeps; left out where a registry knows only that.
   */
  readonly taggedAt?: number | undefined;
}

/** What became of a tag that was to be deleted; an outage or a refused login is a `BerthError` instead. */
export type Deletion =
  | { readonly kind: "deleted" }
  | { readonly kind: "gone" }
  /** This tag may not be deleted, such as a protected one. */
  | { readonly kind: "refused"; readonly why: string };

/** The repositories below one base. A repository is named by its path below it, `""` being the base itself. */
export interface Shelf {
  repositories(): Promise<readonly string[]>;
  /** Page by page, one request a page. */
  tags(repository: string): AsyncIterable<ListedTag>;
  /** What one tag is right now; `undefined` where it is gone. Absent where the registry can tell no more than its list. */
  readonly look?: (repository: string, tag: string) => Promise<ListedTag | undefined>;
  /** By tag or digest. */
  manifest(repository: string, reference: string): Promise<Manifest | undefined>;
  deleteTag(repository: string, tag: string): Promise<Deletion>;
}

/** A branch or merge request, and the commit that it is at. */
export interface Head {
  readonly name: string;
  readonly commit: string;
}

export interface ProjectPipeline {
  readonly id: number;
  readonly commit: string;
  /** Not ended yet, whatever it waits for. */
  readonly running: boolean;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

/** What is going on in a project right now. `undefined` where it cannot be told, which is not the same as none. */
export interface Activity {
  /** All of them; a failure to list them is an error. */
  branches(): Promise<readonly Head[]>;
  /** The open ones. */
  mergeRequests(): Promise<readonly Head[] | undefined>;
  /** Those that run, and those begun since. */
  pipelines(since: Date): Promise<readonly ProjectPipeline[] | undefined>;
}
