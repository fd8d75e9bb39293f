/** Screens of any width, without colours. */
import type { Screen } from "../../src/world.ts";

export function screen(width?: number): Screen {
  return { width, paint: (_style, text) => text };
}
