/**
 * Patterns matched in one pass: the time is the pattern's length times the text's, whatever a stranger writes, where
 * JavaScript's expressions try the stars of `*a*a*a*b` in all ways.
 */

/** What a pattern is made of, character by character (code points). */
export type Piece =
  | { readonly kind: "one"; readonly fits: (char: string) => boolean }
  | { readonly kind: "repeat"; readonly pieces: readonly Piece[] }
  | { readonly kind: "choice"; readonly ways: readonly (readonly Piece[])[] };

export function one(fits: (char: string) => boolean): Piece {
  return { kind: "one", fits };
}

/** Exactly these characters. */
export function text(characters: string): readonly Piece[] {
  return Array.from(characters, (wanted) => one((char) => char === wanted));
}

/** Any number of such characters, also none. */
export function many(fits: (char: string) => boolean): Piece {
  return { kind: "repeat", pieces: [one(fits)] };
}

export function perhaps(...pieces: readonly Piece[]): Piece {
  return { kind: "choice", ways: [pieces, []] };
}

/** A character of an element of a path. */
export function isInName(char: string): boolean {
  return char !== "/";
}

interface State {
  readonly id: number;
  /** The character that leads on; without it, none is needed. */
  readonly fits?: (char: string) => boolean;
  readonly to: State[];
}

/** All states that a text may have led to, and where its next character leads, as far as that was asked. */
interface Front {
  readonly states: readonly State[];
  readonly next: Map<string, Front>;
  accepts?: boolean;
}

/** Fronts that are kept; those of a hostile pattern have no end. */
const mostFronts = 1000;

/** Makes a test of whole texts. */
export function matcher(pieces: readonly Piece[]): (text: string) => boolean {
  const { start, next, accepts } = machine(pieces);
  return (whole) => {
    let front = start;
    for (const char of whole) {
      front = next(front, char);
      if (front.states.length === 0) return false;
    }
    return accepts(front);
  };
}

/** Finds where matches that begin at a place may end, the nearest first. */
export function ends(
  pieces: readonly Piece[],
): (characters: readonly string[], from: number) => Iterable<number> {
  const { start, next, accepts } = machine(pieces);
  return function* (characters, from) {
    let front = start;
    for (let at = from; front.states.length > 0; at++) {
      if (accepts(front)) yield at;
      const char = characters[at];
      if (char === undefined) return;
      front = next(front, char);
    }
  };
}

function machine(pieces: readonly Piece[]) {
  const end: State = { id: 0, to: [] };
  const start: Front = { states: [build(pieces, end, { ids: 1 })], next: new Map() };
  const fronts = new Map<string, Front>();
  const advance = (front: Front, char: string): Front => {
    const reached = closure(front).flatMap(({ fits, to }) => (fits?.(char) ? to : []));
    const states = [...new Set(reached)];
    const name = states.map(({ id }) => id).join(" ");
    if (fronts.size > mostFronts) {
      fronts.clear();
      start.next.clear();
    }
    const next = fronts.get(name) ?? { states, next: new Map() };
    fronts.set(name, next);
    front.next.set(char, next);
    return next;
  };
  return {
    start,
    next: (front: Front, char: string) => front.next.get(char) ?? advance(front, char),
    accepts(front: Front): boolean {
      front.accepts ??= closure(front).includes(end);
      return front.accepts;
    },
  };
}

function build(pieces: readonly Piece[], end: State, counter: { ids: number }): State {
  return pieces.reduceRight((next, piece) => {
    const state: State = { id: counter.ids++, to: [] };
    if (piece.kind === "choice")
      state.to.push(...piece.ways.map((way) => build(way, next, counter)));
    else if (piece.kind === "repeat") state.to.push(build(piece.pieces, state, counter), next);
    else return { ...state, fits: piece.fits, to: [next] };
    return state;
  }, end);
}

/** All states that are reached without a character. */
function closure({ states }: Front): readonly State[] {
  const reached = new Set<State>(states);
  // A set that grows while it is walked is walked to its end.
  for (const { fits, to } of reached)
    if (fits === undefined) for (const state of to) reached.add(state);
  return [...reached];
}
