/** What a self-managed GitLab takes where nobody has changed its limits. The limits of what a pipeline says are the reader's. */

const mebibyte = 1024 * 1024;

export const limits = {
  /** Of one upload (D12). */
  artifactBytes: 100 * mebibyte,
  /** Of a report of variables, compressed, which must be less (D11). */
  dotenvBytes: 5120,
  dotenvVariables: 20,
  /** Of an archive that a child pipeline's file is in, and of that file (E1). */
  includedBytes: 5 * mebibyte,
  /** How far below the first pipeline another one may be (E3). */
  descendants: 2,
  /** Of what a job prints, which must be less (F10). */
  traceBytes: 100 * mebibyte,
};

/** A number of bytes as GitLab tells it. */
export function megabytes(bytes: number): string {
  return `${Number((bytes / mebibyte).toPrecision(3))} MB`;
}
