/** A program that has our terminal, as a type; `host/terminal.ts` has the real one. */

/**
 * Runs a program to its end with our own input and output, and hands on the signals that we get.
 *
 * A signal that asks us to end does not end us: the program decides, and `asked` says that it was so.
 */
export type Attach = (
  command: string,
  args: readonly string[],
  options: AttachOptions,
) => Promise<Attached>;

export interface AttachOptions {
  /**
   * `terminal`: the program is the terminal's foreground, as a shell would run it.
   * `streams`: it has our input and outputs, in a process group of its own, so that a Ctrl-C reaches it once.
   * `progress`: nothing to read, all that it says goes to our standard error, and its errors are kept too.
   */
  readonly mode: "terminal" | "streams" | "progress";
  /** Added to the inherited environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Ends what does not end by itself: called once at a second signal, or ten seconds after the first. Without it
   * the program is killed.
   */
  readonly insist?: () => Promise<void>;
}

export interface Attached {
  /** `undefined` where the program could not be started or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The program is not there or not executable. */
  readonly missing: boolean;
  /** The first signal that asked us to end meanwhile. */
  readonly asked: "SIGINT" | "SIGTERM" | "SIGHUP" | undefined;
  /** The newest of its standard error, in the mode `progress`. */
  readonly errors: string;
}
