import { KbsError } from '../errors/index.js';
import { sh } from './command.js';
import { evidence, type HostShell } from './host-shell.js';
import type { HostJournal, JournalEntry } from './host.js';
import { formatJournal, parseJournal, subjectOf, withoutRepeats } from './journal-lines.js';

/** Where a host keeps what kbs has to remember about it. */
export const JOURNAL_DIRECTORY = '/etc/kbs';

/**
 * Notes entries: $directory holds the journal, arguments are paths whose originals are kept, lines of the journal come by stdin.
 * First the originals, then the lines: an entry in the journal means that its original is safe. A backup gets its name only
 * when it is complete. Whoever has not written before sets $first: a line that a crash cut off is closed before the next
 * one begins, and who may read the journal is seen to.
 */
export const RECORD_SCRIPT = `
umask 077
journal=$directory/journal.jsonl
fail() { df -Pk -- "$directory" >&2; exit 1; }
if [ -n "$first" ] || [ ! -e "$journal" ]; then
  mkdir -p -- "$directory/original" && chmod 700 -- "$directory" || exit 1
  if [ -s "$journal" ] && [ -n "$(tail -c 1 -- "$journal")" ]; then echo >>"$journal" || exit 1; fi
  : >>"$journal" && chmod 600 -- "$journal" || fail
fi
for path do
  backup=$directory/original$path
  if [ -e "$backup" ] || [ -L "$backup" ]; then if [ ! -d "$path" ] || [ -L "$path" ]; then continue; fi; fi
  if [ -d "$path" ] && [ ! -L "$path" ]; then
    mkdir -p -- "$backup" && chown --reference="$path" -- "$backup" && chmod --reference="$path" -- "$backup" || exit 1
    continue
  fi
  mkdir -p -- "\${backup%/*}" && rm -rf -- "$backup.kbs-part" || exit 1
  cp -a -- "$path" "$backup.kbs-part" && mv -fT -- "$backup.kbs-part" "$backup" || exit 1
done
cat >>"$journal" && sync -- "$journal" || fail`;

interface NextWrite {
  readonly entries: JournalEntry[];
  readonly done: Promise<unknown>;
}

/** The journal as lines of JSON in a file on the host. */
export class FileJournal implements HostJournal {
  /** What is in the file, read once; and the order of calls, so that no two write at the same time. */
  #known: Promise<readonly JournalEntry[]> | undefined;
  #next: NextWrite | undefined;
  /** The last write came to a good end: the file is there and ends with a whole line. */
  #isSound = false;

  constructor(
    private readonly shell: HostShell,
    private readonly directory: string = JOURNAL_DIRECTORY,
  ) {}

  entries(): Promise<readonly JournalEntry[]> {
    this.#known ??= this.#load().catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }

  async record(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const write = (this.#next ??= this.#nextWrite());
    write.entries.push(...entries);
    await write.done;
  }

  /** A write after the one that is on its way. Until that one has ended, whatever is to be noted comes along. */
  #nextWrite(): NextWrite {
    const entries: JournalEntry[] = [];
    const before = this.entries().finally(() => (this.#next = undefined));
    const after = before.then((known) => this.#append(known, entries));
    // A failed write may have come half-way: the file is read again then.
    this.#known = after.catch(() => this.#load());
    // Whoever needs it next sees the error of the load; a rejection nobody asked for must not end the process.
    this.#known.catch(() => undefined);
    return { entries, done: after };
  }

  async #load(): Promise<readonly JournalEntry[]> {
    const path = `${this.directory}/journal.jsonl`;
    return parseJournal(await this.shell.look(sh`if [ -e ${path} ]; then cat -- ${path}; fi`));
  }

  async #append(known: readonly JournalEntry[], entries: readonly JournalEntry[]): Promise<readonly JournalEntry[]> {
    const added = withoutRepeats(entries, new Set(known.map(subjectOf)));
    if (added.length === 0) return known;
    const originals = added.flatMap((entry) => (entry.kind === 'path' && entry.was !== 'absent' ? [entry.path] : []));
    const first = this.#isSound ? '' : 'yes';
    const command = sh`directory=${this.directory} first=${first}; set -- ${originals}${{ text: RECORD_SCRIPT }}`;
    this.#isSound = false;
    const result = await this.shell.exec(command, { stdin: formatJournal(added), timeoutMs: 300_000 });
    this.#isSound = result.exitCode === 0;
    if (this.#isSound) return [...known, ...added];
    throw new KbsError('FILE_WRITE', `what the host was like before could not be noted in ${this.directory}`, {
      where: { host: this.shell.hostName },
      details: evidence(result),
      remedy: [`df -h ${this.directory}; ls -ld ${this.directory}`],
    });
  }
}
