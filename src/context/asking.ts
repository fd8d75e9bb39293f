/** Listings asked at one moment, as one run of git: starting it costs more than a longer answer. */
import type { Git } from "../world.ts";
import { type GitListing, listingOf, parseListing } from "./listing.ts";

/** Gives at least what these pathspecs match; none of them is everything. */
export type Ask = (git: Git, pathspecs: readonly string[]) => Promise<GitListing>;

/** Above this many, everything is listed: a command line has a limit. */
const maxPathspecs = 500;

export function joinedListings(): Ask {
  const gathering = new Map<Git, { readonly wanted: Set<string>; answer: Promise<GitListing> }>();
  const run = async (git: Git): Promise<GitListing> => {
    // What is under way meanwhile gets to its own question.
    await new Promise(setImmediate);
    const wanted = [...(gathering.get(git)?.wanted ?? [])];
    gathering.delete(git);
    const all = wanted.includes("") || wanted.length > maxPathspecs;
    return parseListing(await git.run(listingOf(all ? [] : wanted)));
  };
  return (git, pathspecs) => {
    const joined = gathering.get(git) ?? { wanted: new Set(), answer: run(git) };
    gathering.set(git, joined);
    for (const one of pathspecs.length === 0 ? [""] : pathspecs) joined.wanted.add(one);
    return joined.answer;
  };
}
