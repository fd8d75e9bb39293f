// The least that keys of images cost: one listing by git, the files below a folder that it names, and their sha256.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const listing = execFileSync(
  "git",
  ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
  {
    maxBuffer: 2 ** 28,
  },
);
const paths = listing.toString().split("\0");
const hash = createHash("sha256");
for (const path of new Set(paths)) {
  if (path.startsWith(process.argv[2])) hash.update(path).update(readFileSync(path));
}
process.stdout.write(`${hash.digest("hex")}\n`);
