/** What names and flags say of platforms. */
import { otherNames, platformRule } from "../config/rules.ts";
import { architectures } from "../oci/platform.ts";

export const usualPlatform = "linux/amd64";

/** What names of jobs, images and runners call architectures, beside what Docker Hub's users do. */
const called: Readonly<Record<string, string>> = {
  ...Object.fromEntries(architectures.map((name) => [name, name])),
  ...otherNames,
  arm32v7: "arm/v7",
  arm64v8: "arm64",
  armv7: "arm/v7",
};

// Of `arm` and `386` alone nobody knows what they mean.
const word = Object.keys(called)
  .filter((name) => name.length > 3)
  .toSorted((one, other) => other.length - one.length)
  .join("|");
const named = `(^|[-_.:/@ ])(${word})([-_.:/@ ]|(?![a-z0-9]))`;

/** The platform whose architecture a text has among its words. */
export function platformIn(text: string): string | undefined {
  const name = new RegExp(named).exec(text)?.[2];
  return name && `linux/${called[name]}`;
}

/** A text without the word for a platform, and one of the signs around it: `debian/arm64_test` is `debian/test`. */
export function withoutPlatform(text: string, platform: string): string {
  return text.replace(
    new RegExp(named, "g"),
    (whole, before: string, name: string, behind: string) => {
      if (`linux/${called[name]}` !== platform) return whole;
      return behind === "" ? "" : before;
    },
  );
}

/** The platforms of a list as engines take it; what is none stays apart. */
export function platformsGiven(texts: readonly string[]) {
  const all = texts.flatMap((text) => text.split(","));
  const read = all.map((text) => (platformRule(text) === undefined ? text : platformIn(text)));
  return {
    platforms: read.filter((one) => one !== undefined),
    strange: all.filter((_, index) => read[index] === undefined),
  };
}
