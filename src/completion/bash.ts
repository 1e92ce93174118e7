import { placesOf, type CompletionTree, type Place } from './tree.js';

/** Lines of a `case` that tell values of flags; none where a file or anything else may follow. */
function valueCases({ path, flags }: Place): readonly string[] {
  return flags
    .filter(({ value }) => value !== 'none')
    .map(({ name, char, value }) => {
      const names = [`--${name}`, ...(char === undefined ? [] : [`-${char}`])];
      const patterns = names.map((flag) => `'${path} ${flag}'`).join(' | ');
      return `    ${patterns}) echo '${typeof value === 'string' ? '' : value.join(' ')}' ;;`;
    });
}

/** Completion for bash 3.2 and newer. */
export function renderBash(tree: CompletionTree): string {
  const { bin } = tree;
  const places = placesOf(tree);
  const flagsOf = ({ flags }: Place): string =>
    flags.flatMap(({ name, char }) => [`--${name}`, ...(char === undefined ? [] : [`-${char}`])]).join(' ');
  return `# Completion of ${bin} for bash; made by: ${bin} completion bash

# Words that may follow others; fails for what is no command.
_${bin}_words() {
  case "$1" in
${places.map(({ path, words }) => `    '${path}') echo '${words.map(({ word }) => word).join(' ')}' ;;`).join('\n')}
    *) return 1 ;;
  esac
}

_${bin}_flags() {
  case "$1" in
${places.map((place) => `    '${place.path}') echo '${flagsOf(place)}' ;;`).join('\n')}
  esac
}

# Values of a flag; nothing for files; fails for what has no value.
_${bin}_values() {
  case "$1" in
${places.flatMap(valueCases).join('\n')}
    *) return 1 ;;
  esac
}

_${bin}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' word values index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${path:+$path }\${COMP_WORDS[index]}"
    if _${bin}_words "$word" >/dev/null; then path="$word"; fi
  done
  # --flag=value comes as three words.
  if [[ "$current" == '=' ]]; then
    current=''
  elif [[ "$before" == '=' ]]; then
    before="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if values="$(_${bin}_values "$path $before")"; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  values="$(_${bin}_words "$path")"
  if [[ -z "$values" || "$current" == -* ]]; then values="$(_${bin}_flags "$path")"; fi
  COMPREPLY=($(compgen -W "$values" -- "$current"))
}

complete -o bashdefault -o default -F _${bin} ${bin}
`;
}
