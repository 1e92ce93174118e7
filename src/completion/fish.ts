import { quoted } from './quote.js';
import { placesOf, type CompletedFlag, type CompletionTree, type Place } from './tree.js';

const QUOTE = "\\'";

function words(text: string): string {
  // Within single quotes fish knows two escapes: of the quote and of the backslash.
  return quoted(text.replaceAll('\\', '\\\\'), QUOTE);
}

function description(summary: string): string {
  return summary === '' ? '' : ` -d ${words(summary)}`;
}

function valueOf({ value }: CompletedFlag): string {
  if (value === 'none') return '';
  return value === 'any' ? ' -r -F' : ` -x -a ${words(value.join(' '))}`;
}

function linesOf(bin: string, place: Place): readonly string[] {
  const at = `complete -c ${bin} -n ${words(`__${bin}_is ${words(place.path)}`)}`;
  return [
    ...place.words.map(({ word, summary }) => `${at} -a ${word}${description(summary)}`),
    ...place.flags.map((flag) => {
      const char = flag.char === undefined ? '' : ` -s ${flag.char}`;
      return `${at} -l ${flag.name}${char}${valueOf(flag)}${description(flag.summary)}`;
    }),
  ];
}

/** Completion for fish 3. */
export function renderFish(tree: CompletionTree): string {
  const { bin } = tree;
  const places = placesOf(tree);
  return `# Completion of ${bin} for fish; made by: ${bin} completion fish

# Whether these are the words of the command that is being typed.
function __${bin}_is
    set -l path ''
    for word in (commandline -opc)[2..-1]
        set -l longer (string trim -- "$path $word")
        if contains -- $longer ${places
          .filter(({ path }) => path !== '')
          .map(({ path }) => words(path))
          .join(' ')}
            set path $longer
        end
    end
    test "$path" = "$argv[1]"
end

complete -c ${bin} -f
${places.flatMap((place) => linesOf(bin, place)).join('\n')}
`;
}
