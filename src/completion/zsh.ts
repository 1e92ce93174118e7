import { quoted } from './quote.js';
import { placesOf, type CompletionTree, type Place } from './tree.js';

const QUOTE = "'\\''";

/** `word:what it is`, as _describe takes it. */
function described(word: string, summary: string): string {
  return quoted(summary === '' ? word : `${word}:${summary}`, QUOTE);
}

function flagWords({ flags }: Place): readonly string[] {
  return flags.flatMap(({ name, char, summary }) => [
    described(`--${name}`, summary),
    ...(char === undefined ? [] : [described(`-${char}`, summary)]),
  ]);
}

function valueCases({ path, flags }: Place): readonly string[] {
  return flags
    .filter(({ value }) => value !== 'none')
    .map(({ name, char, value }) => {
      const names = [`--${name}`, ...(char === undefined ? [] : [`-${char}`])];
      return `    ${names.map((flag) => `'${path} ${flag}'`).join(' | ')}) reply=(${typeof value === 'string' ? '' : value.join(' ')}) ;;`;
    });
}

/** Completion for zsh: sourced, or as a file of $fpath. */
export function renderZsh(tree: CompletionTree): string {
  const { bin } = tree;
  const places = placesOf(tree);
  return `#compdef ${bin}
# Completion of ${bin} for zsh; made by: ${bin} completion zsh

# Words that may follow others; fails for what is no command.
_${bin}_words() {
  case "$1" in
${places.map(({ path, words }) => `    '${path}') reply=(${words.map(({ word, summary }) => described(word, summary)).join(' ')}) ;;`).join('\n')}
    *) return 1 ;;
  esac
}

_${bin}_flags() {
  reply=()
  case "$1" in
${places.map((place) => `    '${place.path}') reply=(${flagWords(place).join(' ')}) ;;`).join('\n')}
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
  local current="\${words[CURRENT]}" before="\${words[CURRENT-1]}" so_far='' word
  local -a reply
  for word in "\${(@)words[2,CURRENT-1]}"; do
    word="\${so_far:+$so_far }$word"
    if _${bin}_words "$word"; then so_far="$word"; fi
  done
  if [[ "$current" == --*=* ]]; then
    before="\${current%%=*}"
    compset -P '*='
  fi
  if _${bin}_values "$so_far $before"; then
    if (( \${#reply} )); then compadd -a reply; else _files; fi
    return
  fi
  _${bin}_words "$so_far"
  if (( ! \${#reply} )) || [[ "$current" == -* ]]; then _${bin}_flags "$so_far"; fi
  _describe '${bin}' reply
}

if [[ "\${funcstack[1]}" == _${bin} ]]; then _${bin} "$@"; else compdef _${bin} ${bin}; fi
`;
}
