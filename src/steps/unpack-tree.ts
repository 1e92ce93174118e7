import { dirname } from 'node:path/posix';
import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import { script, type FileStat, type Host } from '../host/index.js';
import { ensureParents, folderEntries, missingFolders } from './folders.js';
import type { ArchiveTree, LocalFile, UnpackTreeStepOptions } from './types.js';
import { formerFile } from './upload.js';
import { runUnpackCommand } from './unpack-command.js';
import { makeStagingFolder, stage, stagedPath } from './uploads.js';

/** In the tree: the digest of the archive it came from, and that of everything in it. */
const MARK = '.kbs-tree';
/** Beside the tree, while it comes. */
const NEW = '.kbs-new';
const OLD = '.kbs-old';

/**
 * What a tree is: content of its files, and type, mode, owner and target of everything in it. This machine cannot look into an archive of
 * xz, so what came out of it is noted on the host. openssl takes a fifth of sha256sum's time.
 */
const TREE_DIGEST = `
digests() {
  if command -v openssl >/dev/null 2>&1; then xargs -0r openssl dgst -sha256 -r; else xargs -0r sha256sum; fi | sed 's/ [ *]/ /'
}
tree_digest() (
  export LC_ALL=C
  cd -- "$1" || exit 1
  {
    find . -type f ! -path "./$mark" -print0 | sort -z | digests
    find . -mindepth 1 ! -path "./$mark" -printf '%y %m %U:%G %P %l\\n' | sort
  } | sha256sum | cut -d ' ' -f 1
)`;

/** Prints `archive DIGEST` when the tree is what came out of that archive, `foreign` or `altered` when it is not, and links that are right. */
const LOOK = `
if [ -e "$tree" ] || [ -L "$tree" ]; then
  if [ ! -f "$tree/$mark" ]; then echo foreign
  else
    read -r archive content <"$tree/$mark"
    if [ "$(tree_digest "$tree")" = "$content" ]; then echo "archive $archive"; else echo altered; fi
  fi
fi
for link in $links; do
  if [ -L "\${link%%=*}" ] && [ "$(readlink -- "\${link%%=*}")" = "\${link#*=}" ]; then echo "link \${link%%=*}"; fi
done`;

/** The tree gets its name when all of it is there, and on the disk: what has that name is never half a tree. */
const UNPACK = `
set -e
new=$tree${NEW}
old=$tree${OLD}
clean_up() {
  rm -rf -- "$old"
  rm -rf -- "$new"
  if [ "$1" = 0 ]; then return; fi
  df -Pk -- "\${staged%/*}" "$into" >&2
  rm -f -- "$staged"
}
trap 'clean_up $?' EXIT
rm -rf -- "$new" "$old"
mkdir -m 0700 -- "$new"
tar -xf "$staged" -C "$new" --no-same-owner
if [ ! -d "$new/$member" ]; then echo "there is no $member in the archive" >&2; exit 1; fi
chmod 0755 -- "$new/$member"
echo "$archive $(tree_digest "$new/$member")" >"$new/$member/$mark"
sync -f -- "$new"
if [ -e "$tree" ]; then mv -T -- "$tree" "$old"; fi
mv -T -- "$new/$member" "$tree"
if [ -e /sys/fs/selinux/enforce ]; then restorecon -RF -- "$tree"; fi`;

const LINK = `
set -e
for link in $links; do
  path=\${link%%=*}
  ln -sfT -- "\${link#*=}" "$path.kbs-new"
  mv -fT -- "$path.kbs-new" "$path"
done`;

type TreeState = 'absent' | 'right' | 'other-archive' | 'altered';

interface SeenTree {
  readonly file: LocalFile;
  readonly state: TreeState;
  /** Links that are not as they should be, with what is there. */
  readonly links: readonly { readonly path: string; readonly was: FileStat | undefined }[];
  /** A run was cut off: the archive still waits on the host. */
  readonly hasLeftover: boolean;
}

/** Neither paths nor targets have spaces in them. */
function linkWords({ links }: ArchiveTree): string {
  return links.map(({ path, to }) => `${path}=${to}`).join(' ');
}

function stateOf(lines: readonly string[], { path }: ArchiveTree, { sha256 }: LocalFile): TreeState {
  if (lines.includes('foreign')) {
    throw new KbsError('FILE_WRITE', `${path} is there and did not come from kbs`, { remedy: [`ls -la ${path}   # then move it away`] });
  }
  if (lines.includes('altered')) return 'altered';
  const archive = lines.find((line) => line.startsWith('archive '))?.slice('archive '.length);
  if (archive === undefined) return 'absent';
  return archive === sha256 ? 'right' : 'other-archive';
}

async function probeTree(host: Host, { archive, tree, timeoutMs }: UnpackTreeStepOptions): Promise<SeenTree> {
  const file = await archive();
  const look = script([TREE_DIGEST, LOOK].join('\n'), { tree: tree.path, mark: MARK, links: linkWords(tree) });
  const paths = [stagedPath(file), ...tree.links.map(({ path }) => path)];
  const [text, stats] = await Promise.all([host.run(look, { retryOnLoss: true, timeoutMs: timeoutMs ?? 600_000 }), host.files.stat(paths)]);
  const lines = text.split('\n');
  return {
    file,
    state: stateOf(lines, tree, file),
    links: tree.links.flatMap(({ path }) => (lines.includes(`link ${path}`) ? [] : [{ path, was: stats.get(path) }])),
    hasLeftover: stats.get(stagedPath(file)) !== undefined,
  };
}

const TREE_CHANGES = {
  absent: 'unpack',
  'other-archive': 'replace by that of another release:',
  altered: 'unpack anew, what is there was altered:',
} as const;

function planTree({ file, state, links, hasLeftover }: SeenTree, { path }: ArchiveTree): Plan {
  const changes = [...(state === 'right' ? [] : [`${TREE_CHANGES[state]} ${path}`]), ...links.map((link) => `link ${link.path}`)];
  if (changes.length > 0) {
    const isNew = (state === 'absent' || state === 'right') && links.every(({ was }) => was === undefined);
    return { change: isNew ? 'create' : 'update', summary: changes.join(', ') };
  }
  return hasLeftover ? { change: 'remove', summary: `remove the staged archive ${stagedPath(file)}` } : { change: 'none' };
}

/** Where folders are missing, all that comes to be in them is of this tree. */
async function recordTree(host: Host, { path, links, stateTrees }: ArchiveTree, seen: SeenTree): Promise<void> {
  await ensureParents(host, [path, ...links.map((link) => link.path)]);
  const trees = await missingFolders(
    host,
    [path, `${path}${NEW}`, `${path}${OLD}`, ...stateTrees].map((folder) => ({ path: folder, mode: 0o755, ownTree: true })),
  );
  await host.journal.record([...folderEntries(trees), ...seen.links.map((link) => formerFile(link.path, link.was))]);
}

async function unpackTree(host: Host, tree: ArchiveTree, file: LocalFile, timeoutMs: number): Promise<void> {
  const staged = stagedPath(file);
  await runUnpackCommand(host, {
    lines: [TREE_DIGEST, UNPACK].join('\n'),
    variables: { tree: tree.path, member: tree.member, mark: MARK, archive: file.sha256, staged, into: dirname(tree.path) },
    place: tree.path,
    timeoutMs,
  });
}

/** All of an archive (tar.xz) as one folder, with links to it; only the archive travels, and it does not stay. */
export function unpackTreeStep(options: UnpackTreeStepOptions): AnyStep {
  const { tree } = options;
  const timeoutMs = options.timeoutMs ?? 1_800_000;
  return step<SeenTree>({
    id: options.id,
    title: options.title,
    timeoutMs,
    probe: (host) => probeTree(host, options),
    plan: (seen) => planTree(seen, tree),
    async apply(host, seen, context) {
      if (seen.state !== 'right') {
        await makeStagingFolder(host);
        await stage(host, seen.file, context);
      }
      await recordTree(host, tree, seen);
      if (seen.state !== 'right') await unpackTree(host, tree, seen.file, timeoutMs);
      if (seen.links.length > 0) await host.run(script(LINK, { links: linkWords(tree) }));
      await host.files.remove([stagedPath(seen.file)]);
    },
    async verify(host) {
      const plan = planTree(await probeTree(host, options), tree);
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `unpacked, but still to do: ${plan.summary}`, { where: { host: host.name, step: options.id } });
    },
  });
}
