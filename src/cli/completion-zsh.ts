/** Completion for zsh, by its own `_arguments`. */
import type { CommandShape, Flag, Kind, Place, Shape } from "./completion-shape.ts";

/** The script for a file `_berth` in `fpath`, or for `source <(berth completion zsh)`. */
export function zshCompletion({ flags, general, commands }: Shape): string {
  return `#compdef berth
# Completion of berth for zsh, made by berth completion zsh.
_berth_images() {
  local -a names
  names=(\${(f)"$(_call_program images \${(q)service:-berth} \${opt_args[--config]:+--config} \${opt_args[--config]} completion images 2>/dev/null)"})
  compadd -a names
}
_berth_revisions() {
  local -a names
  names=(\${(f)"$(git for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes 2>/dev/null)"})
  compadd -a names
}
_berth() {
  local context curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands general
  general=(
${general.map((flag) => `    ${spec(flag)}`).join("\n")}
  )
  commands=(
${commands.map(({ name, description }) => `    ${quote(`${name}:${description.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  _arguments -C \
${flags
  .map(
    (flag) => `    ${spec(flag)} \\
`,
  )
  .join("")}    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      curcontext=\${curcontext%:*:*}:berth-$line[1]:
      case $line[1] in
${commands.map((command) => branch(command)).join("\n")}
      esac ;;
  esac
}
if [[ $funcstack[1] == _berth ]]; then
  _berth "$@"
else
  compdef _berth berth
fi
`;
}

function branch({ name, flags, places }: CommandShape): string {
  const specs = [...flags.map(spec), ...places.map(placeSpec)];
  return `        ${name})
          _arguments -S $general \\
${specs.map((text) => `            ${text}`).join(" \\\n")} ;;`;
}

function spec({ names, description, value }: Flag): string {
  const told = `[${description.replace(/[[\]\\]/g, "\\$&")}]`;
  const takes = value === undefined ? "" : `:value:${action(value)}`;
  const specs = names.map((name) => {
    // A long flag takes its value behind = too.
    const equals = value !== undefined && name.startsWith("--") ? "=" : "";
    return quote(`${name}${equals}${told}${takes}`);
  });
  return specs.join(" ");
}

function placeSpec({ kind, variadic }: Place): string {
  return quote(
    `${variadic ? "*" : ""}:${typeof kind === "string" ? kind : "word"}:${action(kind)}`,
  );
}

function action(kind: Kind): string {
  if (typeof kind !== "string") return `(${kind.words.join(" ")})`;
  const actions = {
    images: "_berth_images",
    files: "_files",
    folders: "_files -/",
    revisions: "_berth_revisions",
    anything: "_files",
    nothing: " ",
  } as const;
  return actions[kind];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
