import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path/posix';
import { Secret } from '../secret/index.js';
import { sh, type Command } from './command.js';

const ABSENT = 66;

/** After each content a line of its own that nobody could have foreseen, with how reading it ended. */
const READ = `
for path do
  if [ -e "$path" ]; then cat -- "$path"; code=$?; else code=${ABSENT}; fi
  printf '\\n%s %s\\n' "$mark" "$code"
done`;

/** A command that prints several files, and what understands it. */
export interface ReadCommand {
  readonly command: Command;
  /** In the order of the paths: the text, null for a file that is not there, undefined for one that could not be read. */
  readonly parse: (output: string) => readonly (string | null | undefined)[];
}

/** Prints files one after the other. */
export function readTogether(paths: readonly string[]): ReadCommand {
  const mark = `kbs-${randomUUID()}`;
  return {
    command: sh`mark=${mark}; set -- ${paths}${{ text: READ }}`,
    parse(output) {
      const parts = output.split(new RegExp(`\\n${mark} (\\d+)\\n`));
      return paths.map((_path, index) => {
        const [text, code] = [parts[2 * index], parts[2 * index + 1]];
        if (code === String(ABSENT)) return null;
        return code === '0' ? text : undefined;
      });
    },
  };
}

/** A file to be written. */
export interface FileToWrite {
  readonly path: string;
  readonly content: string | Secret;
  /** Permission bits. */
  readonly mode: number;
  /** `user:group` */
  readonly owner: string;
}

/**
 * Every file has its content, mode and owner and is on the disk before the first gets its name; they get their names in the order of
 * the list. `head -c` takes from the common input what is its own and no byte more.
 */
const WRITE = `
umask 077
count=0
sizes=
newline='
'
fail() { df -Pk -- "$dir" >&2; exit 1; }
clean() { i=0; while [ $i -lt $count ]; do i=$((i + 1)); eval "rm -f -- \\"\\$temp$i\\""; done; }
trap clean EXIT
trap 'exit 1' HUP INT TERM
while [ $# -gt 0 ]; do
  dir=$1
  temp=$(mktemp "$dir/.kbs-XXXXXXXX") || exit 1
  count=$((count + 1))
  eval "temp$count=\\$temp target$count=\\$2"
  head -c "$5" >"$temp" && chown "$4" -- "$temp" && chmod "$3" -- "$temp" || fail
  sizes="$sizes$5$newline"
  shift 5
done
i=0
while [ $i -lt $count ]; do i=$((i + 1)); eval "set -- \\"\\$@\\" \\"\\$temp$i\\""; done
if [ "$(stat -c %s -- "$@")$newline" != "$sizes" ]; then echo 'the files have not come whole' >&2; exit 1; fi
sync -- "$@" || fail
i=0
while [ $i -lt $count ]; do i=$((i + 1)); eval "mv -fT -- \\"\\$temp$i\\" \\"\\$target$i\\"" || fail; done`;

/** Writes files: see {@link WRITE}; their contents come by standard input. */
export function writeTogether(files: readonly FileToWrite[]): { readonly command: Command; readonly stdin: string | Secret } {
  const texts = files.map(({ content }) => (content instanceof Secret ? content.reveal() : content));
  const words = files.flatMap(({ path, mode, owner }, index) => [
    dirname(path),
    path,
    mode.toString(8),
    owner,
    Buffer.byteLength(texts[index] ?? ''),
  ]);
  const stdin = texts.join('');
  const isSecret = files.some(({ content }) => content instanceof Secret);
  return { command: sh`set -- ${words}${{ text: WRITE }}`, stdin: isSecret ? new Secret(stdin) : stdin };
}
