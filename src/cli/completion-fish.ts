/** Completion for fish. */
import type { CommandShape, Flag, Kind, Shape } from "./completion-shape.ts";

const first = " -n 'not __berth_command >/dev/null'";

/** The script for `berth completion fish | source`, or a file in fish's folder of completions. */
export function fishCompletion({ flags, general, commands }: Shape): string {
  const values = general.filter(({ value }) => value !== undefined).flatMap(({ names }) => names);
  return `# Completion of berth for fish, made by berth completion fish.
function __berth_command
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case ${values.join(" ")}
                set skip 1
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end
function __berth_is
    test (__berth_command; or echo -) = $argv[1]
end
function __berth_images
    set -l words (commandline -opc)
    set -l config
    set -l at (contains -i -- --config $words)
    and set -l next (math $at + 1)
    and set config --config $words[$next]
    command $words[1] $config completion images 2>/dev/null
end
function __berth_revisions
    git for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes 2>/dev/null
end
complete -c berth -e
complete -c berth -f
${flags.map((flag) => `complete -c berth${general.includes(flag) ? "" : first} ${flagText(flag)}`).join("\n")}
${commands.map(({ name, description }) => `complete -c berth${first} -a ${name} -d ${quote(description)}`).join("\n")}
${commands.flatMap(commandLines).join("\n")}
`;
}

function commandLines({ name, flags, places }: CommandShape): readonly string[] {
  const when = `complete -c berth -n ${quote(`__berth_is ${name}`)}`;
  const kinds = places.map(({ kind }) => kindText(kind)).filter((text) => text !== "");
  return [
    ...flags.map((flag) => `${when} ${flagText(flag)}`),
    ...kinds.map((text) => `${when} ${text}`),
  ];
}

function flagText({ names, description, value }: Flag): string {
  const written = names.map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const takes =
    value === undefined ? [] : [kindText(value) === "-F" ? "-r" : "-x", kindText(value)];
  return [...written, ...takes, "-d", quote(description)].filter((text) => text !== "").join(" ");
}

function kindText(kind: Kind): string {
  if (typeof kind !== "string") return `-a ${quote(kind.words.join(" "))}`;
  const texts = {
    images: "-a '(__berth_images)'",
    files: "-F",
    folders: "-a '(__fish_complete_directories)'",
    revisions: "-a '(__berth_revisions)'",
    anything: "-F",
    nothing: "",
  } as const;
  return texts[kind];
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
