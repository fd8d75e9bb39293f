/** As much of a job's shell lines as it takes to see which images it builds. */

/** Puts known variables into a text; others stay as they are. */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) =>
      variables.get(braced ?? bare ?? "") ?? whole,
  );
}

/** Variables that a line sets for those after it: `export TAG="…"`. */
export function assignmentIn(line: string): readonly [name: string, value: string] | undefined {
  const [, name = "", value = ""] =
    /^\s*(?:export\s+)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;&|]*)\s*;?\s*$/.exec(line) ?? [];
  return name === "" ? undefined : [name, value.replace(/^(["'])(.*)\1$/, "$2")];
}

/** One `docker build`, or what other programs call it. */
export interface BuildCommand {
  readonly file: string | undefined;
  readonly context: string;
  readonly tags: readonly string[];
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly target: string | undefined;
}

const commands =
  /(?<engine>\b(?:docker|podman)\s+(?:buildx\s+|image\s+)?build|\bbuildah\s+(?:bud|build)|\/kaniko\/executor|\sbuild)\s(?<rest>(?:"[^"]*"|'[^']*'|[^;&|"'])*)/g;

/** What scripts that stand before an engine are given, beside files that are no Dockerfiles. */
const dockerfileName = /(?:Dockerfile|Containerfile|\.docker)[^/]*$/;

/** The builds of a line, with its variables as they stand. */
export function buildsIn(line: string): readonly BuildCommand[] {
  return [...line.matchAll(commands)].flatMap(({ groups = {} }) => {
    const command = readBuild(wordsOf(groups["rest"] ?? ""));
    const plain = groups["engine"]?.trim() === "build";
    return plain && !dockerfileName.test(command.file ?? "") ? [] : [command];
  });
}

function wordsOf(text: string): readonly string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, ""));
}

const switches = /^(?:-q|--(?:quiet|pull|push|load|no-cache|rm|force-rm|squash|layers))$/;

/** The context stands last, unless that word belongs to a flag. */
function lastArgument(words: readonly string[]): string {
  const last = words.at(-1) ?? "-";
  const before = words.at(-2) ?? "";
  const ofFlag = before.startsWith("-") && !before.includes("=") && !switches.test(before);
  return last.startsWith("-") || ofFlag ? "." : last;
}

function readBuild(words: readonly string[]): BuildCommand {
  const valuesOf = (...flags: readonly string[]): string[] =>
    words.flatMap((word, index) => {
      if (flags.includes(word)) return words[index + 1] ?? [];
      const flag = flags.find((one) => word.startsWith(`${one}=`));
      return flag === undefined ? [] : word.slice(flag.length + 1);
    });
  const [file] = valuesOf("-f", "--file", "--dockerfile");
  const [context = lastArgument(words)] = valuesOf("--context");
  return {
    file,
    context,
    tags: valuesOf("-t", "--tag", "--destination"),
    args: valuesOf("--build-arg").flatMap((text) => {
      const [name = "", ...value] = text.split("=");
      return value.length === 0 ? [] : [[name, value.join("=")] as const];
    }),
    target: valuesOf("--target")[0],
  };
}
