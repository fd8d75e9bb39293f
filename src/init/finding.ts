/** One thing that was seen in a project, and what follows from it. */
export interface Seen {
  /** What is there, as a sentence without its full stop. */
  readonly found: string;
  /** What was chosen because of it; also the comment above the lines. */
  readonly chosen: string;
  /** Lines of `berth.yml`; none where the default is what is needed. */
  readonly yaml: readonly string[];
}
