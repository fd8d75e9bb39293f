/** Memories: of bounded size for values that never change, such as git's objects, and of work under way or done. */

/**
 * Keeps at least the values that were used last, up to `capacity` in weight, and at most twice that.
 *
 * Two generations: when the young one is full, the old one is forgotten; what is used again is young again.
 */
export function boundedMemo<T>(capacity: number) {
  let young = new Map<string, { readonly value: T; readonly weight: number }>();
  let old: typeof young = new Map();
  let weightOfYoung = 0;
  const set = (key: string, value: T, weight: number): void => {
    if (weightOfYoung + weight > capacity) {
      old = young;
      young = new Map();
      weightOfYoung = 0;
    }
    young.set(key, { value, weight });
    weightOfYoung += weight;
  };
  return {
    get(key: string): T | undefined {
      const recent = young.get(key);
      if (recent !== undefined) return recent.value;
      const earlier = old.get(key);
      if (earlier !== undefined) set(key, earlier.value, earlier.weight);
      return earlier?.value;
    },
    set,
  };
}

/** Does a piece of work once for each key, also for those who ask meanwhile; a failure is not kept. */
export function onceEach<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const done = new Map<string, Promise<T>>();
  return (key, work) => {
    const known = done.get(key);
    if (known !== undefined) return known;
    const started = work();
    done.set(key, started);
    started.catch(() => done.delete(key));
    return started;
  };
}

/** The same of one piece of work, for all who ask. */
export function remembered<T>(work: () => Promise<T>): () => Promise<T> {
  const once = onceEach<T>();
  return () => once("", work);
}
