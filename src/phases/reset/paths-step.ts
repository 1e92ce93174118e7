import { posix } from 'node:path';
import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import { absentTrees, isWithin, type FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

/** Where the journal keeps the originals of what kbs changed, by their full path. */
const ORIGINALS = `${PATHS.kbsDir}/original`;

/** Prints paths that are not as they were: `absent PATH`, `directory PATH`, `file PATH`, `link PATH`. */
const LOOK = `
while read -r was path; do
  [ -n "$path" ] || continue
  original=$originals$path
  case $was in
    absent)
      if [ -d "$path" ] && [ ! -L "$path" ]; then [ -z "$(ls -A -- "$path")" ] || continue
      elif [ ! -e "$path" ] && [ ! -L "$path" ]; then continue; fi ;;
    directory)
      [ -d "$original" ] || continue
      [ "$(stat -c '%a %u:%g' -- "$path" 2>/dev/null)" != "$(stat -c '%a %u:%g' -- "$original")" ] || continue ;;
    link)
      [ -L "$original" ] || continue
      if [ -L "$path" ] && [ "$(readlink -- "$path")" = "$(readlink -- "$original")" ]; then continue; fi ;;
    file)
      [ -f "$original" ] || continue
      if [ -f "$path" ] && [ ! -L "$path" ] && [ "$(stat -c '%a %u:%g %Y' -- "$path")" = "$(stat -c '%a %u:%g %Y' -- "$original")" ] &&
        cmp -s -- "$path" "$original"; then continue; fi ;;
  esac
  echo "$was $path"
done <<'PATHS'
`;

/** Puts back by rename, so that a program that runs or reads meanwhile sees the old or the new file. */
const RESTORE = `
for line do
  was=\${line%% *}; path=\${line#* }; original=$originals$path
  # An original that is gone was put back by a reset that was cut off.
  if [ "$was" != absent ] && [ ! -e "$original" ] && [ ! -L "$original" ]; then continue; fi
  case $was in
    absent) if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir --ignore-fail-on-non-empty -- "$path"; else rm -f -- "$path"; fi || exit 1 ;;
    directory) mkdir -p -- "$path" && chown --reference="$original" -- "$path" && chmod --reference="$original" -- "$path" || exit 1 ;;
    *) cp -a -- "$original" "$path.kbs-new" && mv -fT -- "$path.kbs-new" "$path" || exit 1 ;;
  esac
done`;

/**
 * Files, links and folders outside of kbs's own trees: away, or as they were, times included. A folder somebody else uses by now stays.
 * The order is the journal's, backwards: a folder comes after what is in it.
 */
export function pathsStep(former: Pick<FormerState, 'paths' | 'trees'>): AnyStep {
  const trees = absentTrees(former);
  const paths = former.paths.filter(({ path }) => !isWithin(path, trees));
  const lines = paths.map(({ was, path }) => `${was} ${path}`).join('\n');
  return sweepStep({
    id: 'reset/paths',
    title: 'Put files back as they were',
    look: { text: `${script(LOOK, { originals: ORIGINALS }).text}${lines}\nPATHS` },
    describe: (found) => describePaths(found),
    async sweep(_found, host) {
      // All of them, not only what was found: a folder is not yet empty in the look.
      const all = paths.map(({ was, path }) => `${was} ${path}`);
      await host.run({ text: `${sh`set -- ${all}`.text}\n${script(RESTORE, { originals: ORIGINALS }).text}` });
    },
    remedy: (left) => left.map((line) => `ls -ld ${line.slice(line.indexOf(' ') + 1)}`),
  });
}

function describePaths(found: readonly string[]): string {
  const of = (...kinds: readonly string[]): readonly string[] =>
    found.flatMap((line) => {
      const [was = '', ...path] = line.split(' ');
      return kinds.includes(was) ? [path.join(' ')] : [];
    });
  const parts = [...listed('remove', of('absent')), ...listed('restore', of('file', 'link', 'directory'))];
  return parts.join('; ');
}

function listed(verb: string, paths: readonly string[]): readonly string[] {
  return paths.length === 0 ? [] : [`${verb} ${paths.join(', ')}`];
}

/** Where an upload or a file that was being written when kbs was killed may lie. */
function foldersOfWrites(former: Pick<FormerState, 'paths' | 'trees'>): readonly string[] {
  const trees = absentTrees(former);
  const folders = former.paths.map(({ path }) => posix.dirname(path)).filter((folder) => !isWithin(folder, trees));
  // Files of others that kbs writes without noting them, block by block: /etc/hosts, /etc/fstab.
  return [...new Set([...folders, posix.dirname(PATHS.hostsFile)])];
}

const HALF_WRITTEN = `
for folder in $folders; do
  if [ -d "$folder" ]; then
    find "$folder" -xdev -maxdepth 1 -type f \\( -regex '.*/\\.kbs-[A-Za-z0-9]*' -o -name '.kbs-part-*' -o -name '*.kbs-new' \\)
  fi
done`;

/** Files under a temporary name, of a write that was cut off. */
export function halfWrittenStep(former: Pick<FormerState, 'paths' | 'trees'>): AnyStep {
  return sweepStep({
    id: 'reset/half-written',
    title: 'Remove half-written files',
    look: script(HALF_WRITTEN, { folders: foldersOfWrites(former).join(' ') }),
    sweep: async (found, host) => {
      await host.run(sh`rm -f -- ${found}`);
    },
    remedy: (left) => left.map((path) => `rm ${path}`),
  });
}
