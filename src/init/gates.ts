/** In which pipelines the images are planned: as the project's own rules say. */
import type { Chosen } from "./settings.ts";
import type { Survey } from "./survey.ts";

export type Gate =
  /** Wherever jobs without rules run. */
  | { readonly kind: "none" }
  /** As QEMU: asked for by a variable in forks, on staging branches upstream. */
  | { readonly kind: "rules"; readonly upstream: string; readonly flags: string | undefined }
  /** In merge requests too. */
  | { readonly kind: "requests" };

export function rulesOf(
  { text }: Survey,
  prefix: string,
  upstream: string | undefined,
): Chosen<Gate> {
  const asked = new RegExp(`\\$${prefix} [!=]= ["'][12]`).test(text);
  if (asked && upstream !== undefined) {
    const flags = /\$(\w+)_(?:OPTIONAL|SKIPPED|ONLY_FORKS)\b/.exec(text)?.[1];
    const found = `rules ask for ${prefix} as 1 or 2`;
    const chosen = "the component rules brings the same gating, and berth's jobs follow it";
    return {
      value: { kind: "rules", upstream, flags },
      findings: [{ found, chosen, yaml: [] }],
    };
  }
  if (!text.includes("merge_request_event")) return { value: { kind: "none" }, findings: [] };
  const found = "rules speak of merge requests";
  const chosen =
    "images are planned in pipelines of merge requests and of branches; give the rules of your own jobs instead where they differ";
  return { value: { kind: "requests" }, findings: [{ found, chosen, yaml: [] }] };
}
