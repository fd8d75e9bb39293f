/** What GitLab makes no pipeline of. */

/** The messages are GitLab's own. */
export class CiRefusal extends Error {
  readonly errors: readonly string[];

  constructor(errors: readonly string[]) {
    super(errors[0]);
    this.errors = errors;
  }
}

export function refuse(...errors: readonly string[]): never {
  throw new CiRefusal(errors);
}

/** What comes of something, a refusal too. */
export function attempt<T>(does: () => T): T | CiRefusal {
  try {
    return does();
  } catch (error) {
    return refused((refusal) => refusal)(error);
  }
}

/** What to do with an error where GitLab's refusals have an answer too. */
export function refused<T>(answer: (refusal: CiRefusal) => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof CiRefusal) return answer(error);
    throw error;
  };
}
