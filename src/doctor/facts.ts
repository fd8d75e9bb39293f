/** What the checks rest on; collected at the edge, judged by pure functions. */
import type { Config } from "../config/config.ts";
import { BerthError, printProblem } from "../errors.ts";
import type { PathRule, ProjectSettings, TagRule } from "../gitlab/answers.ts";
import type { GitLab } from "../gitlab/client.ts";
import type { Situation } from "../plan/situation.ts";
import type { Pipelines } from "./evaluate.ts";
import type { Rights } from "./rights.ts";

/** Something that could not be found out or used, and what would help. */
export interface Trouble {
  readonly trouble: string;
  readonly todo: string | undefined;
}

export type Known<T> = T | Trouble;

export function isTrouble(fact: unknown): fact is Trouble {
  return typeof fact === "object" && fact !== null && "trouble" in fact;
}

/** Makes an expected failure a fact; a bug stays one. */
export async function known<T>(answer: Promise<T>): Promise<Known<T>> {
  try {
    return await answer;
  } catch (error) {
    return troubleOf(error);
  }
}

/** The words of an error; anything but a `BerthError` is thrown on. */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof BerthError)) throw error;
  return {
    trouble: [error.message, ...error.problems.map(printProblem)].join("\n"),
    todo: error.hint,
  };
}

/** A project beside another one that is upstream; on a person's machine too, where the own base is the fork's. */
export function isFork({ role, upstream }: Pick<Situation, "role" | "upstream">): boolean {
  return role === "fork" || (role === "local" && upstream !== undefined);
}

export interface DoctorFacts {
  readonly config: Config;
  readonly situation: Situation;
  readonly project: ProjectFacts;
  /** `undefined` where the project's CI files are not here. */
  readonly pipelines: Pipelines | undefined;
  readonly variables: VariableFacts;
  readonly registry: RegistryFacts;
  readonly gitlab: GitLabFacts;
  readonly machine: MachineFacts;
  readonly clone: Known<CloneFacts>;
}

export interface ProjectFacts {
  /** Why the configuration cannot be used; the defaults are looked at instead. */
  readonly configuration: Trouble | undefined;
  readonly images: readonly string[];
  /** Why keys cannot be computed. */
  readonly identified: Trouble | undefined;
  readonly warnings: readonly string[];
}

export interface VariableFacts {
  /** `<PREFIX>_CONTAINER_TAG`, and why it cannot be used. */
  readonly containerTag:
    | { readonly value: string; readonly trouble: Trouble | undefined }
    | undefined;
  /** `<PREFIX>_UPSTREAM`. */
  readonly upstream: string | undefined;
  /** Whether that names another project in the one that the configuration calls upstream, and so is ignored. */
  readonly ignored: boolean;
  /** Why the registry base or upstream cannot be read from the environment. */
  readonly situation: Trouble | undefined;
  readonly serverHost: string | undefined;
  readonly serverVersion: string | undefined;
  /** Which variable takes a token for GitLab's API. */
  readonly tokenVariable: string;
}

export interface RegistryFacts {
  /** `undefined` where the base is not known. */
  readonly own: Known<RightsFacts> | undefined;
  readonly upstream: Known<RightsFacts> | undefined;
}

export interface RightsFacts {
  /** The repository that was asked about, printed. */
  readonly repository: string;
  /** Whether writing was asked about; it is not where no repository exists, since asking makes one. */
  readonly askedToWrite: boolean;
  readonly rights: Rights;
}

export interface GitLabFacts {
  readonly own: Known<ProjectSettings | undefined>;
  /** The project that upstream's registry base is named after. */
  readonly upstream: Known<ProjectSettings | undefined>;
  readonly pathRules: Known<readonly PathRule[] | undefined>;
  readonly tagRules: Known<readonly TagRule[] | undefined>;
  /** Of upstream in a fork, of the project itself elsewhere. */
  readonly jobTokens: Known<Awaited<ReturnType<GitLab["jobTokenAccess"]>>>;
  /** The branches and tags of the project's own pipeline schedules. */
  readonly schedules: Known<readonly string[]>;
  /** Tags of jobs, with commas between them, that no runner has together. */
  readonly idleTags: Known<readonly string[]>;
}

export interface MachineFacts {
  readonly engines: readonly EngineFacts[];
  /** `undefined` where the system does not tell (no `/proc`). */
  readonly self: ProcessFacts | undefined;
  /** AppArmor of the host forbids mounts in user namespaces, also to containers without a profile (Ubuntu since 23.10). */
  readonly restrictsNamespaces: boolean;
  /** Platforms of images that this machine does not run by itself. */
  readonly foreign: readonly ForeignPlatform[];
}

export interface ForeignPlatform {
  readonly platform: string;
  /** What the kernel has for its programs: `open` finds the interpreter only where the program runs. */
  readonly handler: "none" | "open" | "held" | "unknown";
}

export interface EngineFacts {
  readonly name: "buildah" | "docker";
  readonly version: Known<{ readonly text: string }>;
}

export interface ProcessFacts {
  /** Octal digits, such as `0022`. */
  readonly umask: string;
  readonly uid: number;
  readonly hasSysAdmin: boolean;
  readonly seccomp: boolean;
}

export interface CloneFacts {
  readonly shallow: boolean;
  /** The tags that this branch promotes. */
  readonly promotes: readonly string[];
}

/** From good to bad; `note` is also what could not be checked and need not be. */
export const levels = ["ok", "note", "warning", "error"] as const;

export type Level = (typeof levels)[number];

/** What a check says of the facts; which check it is, is known by who asked for it. */
export interface Judgement {
  readonly level: Level;
  /** One line: how it is. */
  readonly what: string;
  /** What it rests on and what follows, lines; empty where `what` says it all. */
  readonly detail: string;
  /** What to do; `undefined` where nothing is to be done. */
  readonly todo: string | undefined;
}

export function judgement(level: Level, what: string, detail = "", todo?: string): Judgement {
  return { level, what, detail, todo };
}

type Say = (what: string, detail?: string, todo?: string) => Judgement;

export const ok: Say = (...said) => judgement("ok", ...said);
export const note: Say = (...said) => judgement("note", ...said);
export const warning: Say = (...said) => judgement("warning", ...said);
export const failing: Say = (...said) => judgement("error", ...said);

/** That something could not be read: what the trouble was, or why it is not told. */
export function unread(what: string, fact: unknown, why = "", todo?: string): Judgement {
  return note(`${what} could not be read`, isTrouble(fact) ? troubleText(fact) : why, todo);
}

export function troubleText({ trouble, todo }: Trouble): string {
  return todo === undefined ? trouble : `${trouble}\n${todo}`;
}
