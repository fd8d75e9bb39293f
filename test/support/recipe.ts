/** Recipes of Dockerfiles for tests that say only what is special. */
import { type Recipe, type RecipeOptions, resolveRecipe } from "../../src/dockerfile/recipe.ts";

const plain: RecipeOptions = {
  file: "Dockerfile",
  args: {},
  target: undefined,
  platform: "linux/amd64",
  onbuild: false,
  several: false,
  parentOf: (reference) => /^qemu\/([a-z0-9-]+)$/.exec(reference)?.[1],
  allowAdd: [],
};

export function recipeOf(text: string, options: Partial<RecipeOptions> = {}): Recipe {
  return resolveRecipe(text, { ...plain, ...options });
}
