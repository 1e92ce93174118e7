/** A flag as shells complete it. */
export interface CompletedFlag {
  /** Without dashes. */
  readonly name: string;
  readonly char?: string;
  readonly summary: string;
  /** What may follow it: nothing, one of these words, or anything, which is completed as a file. */
  readonly value: 'none' | 'any' | readonly string[];
}

/** A command as shells complete it. */
export interface CompletedCommand {
  /** Its words: `node drain`. */
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  /** Words its argument may be; empty when there is none, or it can be anything. */
  readonly words: readonly string[];
}

/** Everything that can be completed. */
export interface CompletionTree {
  /** The program's name. */
  readonly bin: string;
  readonly commands: readonly CompletedCommand[];
  /** Summaries of first words that are no commands by themselves: `node`. */
  readonly topics: Readonly<Record<string, string>>;
}

/** A word with what it stands for. */
export interface Word {
  readonly word: string;
  readonly summary: string;
}

/** A place where the next word is completed: after the program's name, after a topic or after a whole command. */
export interface Place {
  /** The words before; empty for the program's name. */
  readonly path: string;
  readonly words: readonly Word[];
  readonly flags: readonly CompletedFlag[];
}

/** All places, the program's name first. */
export function placesOf({ commands, topics }: CompletionTree): readonly Place[] {
  const below = (path: string): readonly Word[] => {
    const start = path === '' ? '' : `${path} `;
    const found = new Map<string, string>();
    for (const command of commands.filter((one) => one.path.startsWith(start))) {
      const [word = '', ...more] = command.path.slice(start.length).split(' ');
      // What is a command by itself is told as that, also where further words may follow.
      if (more.length === 0) found.set(word, command.summary);
      else if (!found.has(word)) found.set(word, topics[`${start}${word}`] ?? '');
    }
    return [...found].map(([word, summary]) => ({ word, summary })).sort((one, other) => (one.word < other.word ? -1 : 1));
  };
  const inner = new Set(commands.flatMap(({ path }) => path.split(' ').map((_word, index, all) => all.slice(0, index).join(' '))));
  const whole = commands.map(({ path, words, flags }): Place => ({
    path,
    flags,
    words: [...below(path), ...words.map((word) => ({ word, summary: '' }))],
  }));
  const paths = new Set(commands.map(({ path }) => path));
  const others = [...inner].filter((path) => !paths.has(path)).map((path): Place => ({ path, words: below(path), flags: [] }));
  return [...others, ...whole].sort((one, other) => (one.path < other.path ? -1 : 1));
}
