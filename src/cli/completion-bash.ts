/** Completion for bash, 3.2 or later; needs no bash-completion package. */
import type { CommandShape, Flag, Kind, Shape } from "./completion-shape.ts";

/** The script that `source <(berth completion bash)` reads. */
export function bashCompletion(shape: Shape): string {
  return `# Completion of berth for bash, made by berth completion bash.
_berth_list() {
  local kind=$1 cur=$2 word
  case $kind in
    words\\ *) compgen -W "\${kind#words }" -- "$cur" ;;
    folders) compgen -d -- "$cur" ;;
    files | anything) compgen -f -- "$cur" ;;
    images | revisions)
      # Names from elsewhere: only those that a shell takes as they are.
      while IFS= read -r word; do
        [[ $word == "$cur"* && $word =~ ^[A-Za-z0-9._/@+-]+$ ]] && printf '%s\\n' "$word"
      done < <(
        if [[ $kind == images ]]; then
          "$berth" \${config:+--config "$config"} completion images
        else
          git for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes
        fi 2>/dev/null
      ) ;;
  esac
}
_berth() {
  local berth=\${COMP_WORDS[0]} cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command= config= count=0 i word kind=
  # --flag=value comes as three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -- ]] && kind=anything && break
    case "$command $word" in
      ${valuePatterns(shape)})
        i=$((i + 1))
        [[ \${COMP_WORDS[i]} == = ]] && i=$((i + 1))
        [[ $word == --config ]] && config=\${COMP_WORDS[i]} ;;
      *\\ -*) ;;
      \\ *) command=$word ;;
      *) count=$((count + 1)) ;;
    esac
  done
  if [[ -z $kind ]]; then
    case "$command $before" in
${indent(valueCases(shape))}
    esac
  fi
  if [[ -z $kind && $cur == -* ]]; then
    case $command in
${indent(flagCases(shape))}
    esac
  fi
  if [[ -z $kind ]]; then
    case "$command $count" in
${indent(placeCases(shape))}
    esac
  fi
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(_berth_list "$kind" "$cur")
  case $kind in
    files | folders | anything) compopt -o filenames 2>/dev/null ;;
  esac
}
complete -F _berth berth
`;
}

interface Valued {
  /** Such as \`*\\ --config\`, to be met by a command and a word. */
  readonly pattern: string;
  readonly kind: Kind;
}

/** Flags whose next word is their value, wherever they may stand. */
function valued({ general, commands }: Shape): readonly Valued[] {
  const of = (where: string, flags: readonly Flag[]): readonly Valued[] =>
    flags.flatMap(({ names, value }) => {
      const pattern = names.map((name) => `${where}\\ ${name}`).join(" | ");
      return value === undefined ? [] : [{ pattern, kind: value }];
    });
  return [...of("*", general), ...commands.flatMap(({ name, flags }) => of(name, flags))];
}

function valuePatterns(shape: Shape): string {
  return valued(shape)
    .map(({ pattern }) => pattern)
    .join(" | ");
}

function valueCases(shape: Shape): readonly string[] {
  return valued(shape).map(({ pattern, kind }) => `${pattern}) kind=${kindText(kind)} ;;`);
}

function flagCases({ flags, general, commands }: Shape): readonly string[] {
  const line = (name: string, all: readonly Flag[]): string =>
    `${name}) kind=${quote(`words ${all.flatMap(({ names }) => names).join(" ")}`)} ;;`;
  return [
    line("''", flags),
    ...commands.map((command) => line(command.name, [...command.flags, ...general])),
  ];
}

function placeCases({ commands }: Shape): readonly string[] {
  const names = commands.map(({ name }) => name).join(" ");
  return [`' 0') kind=${quote(`words ${names}`)} ;;`, ...commands.flatMap(placesOf)];
}

function placesOf({ name, places }: CommandShape): readonly string[] {
  return places.map(({ kind, variadic }, index) => {
    const at = variadic ? "*" : String(index);
    return `${name}\\ ${at}) kind=${kindText(kind)} ;;`;
  });
}

function kindText(kind: Kind): string {
  return typeof kind === "string" ? kind : quote(`words ${kind.words.join(" ")}`);
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}`).join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
