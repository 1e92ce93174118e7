import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh, type Command } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

type Former = Pick<FormerState, 'keepsRuntime' | 'docker' | 'hasCrio' | 'hasKata' | 'mounts'>;

/** Prints mount points at or below paths, the youngest first, as mountinfo writes them: a space is `\040`. */
const LOOK = `
export FOLDERS EXCEPT
awk 'BEGIN {
    count = split(ENVIRON["FOLDERS"], folders, "\\n")
    many = split(ENVIRON["EXCEPT"], list, "\\n")
    for (i = 1; i <= many; i++) except[list[i]] = 1
  }
  {
    if ($5 in except) next
    for (i = 1; i <= count; i++) if ($5 == folders[i] || index($5, folders[i] "/") == 1) { print $5; next }
  }' /proc/self/mountinfo | tac`;

/** A command that prints the mount points at or below paths, the innermost first, without some that stay. */
export function mountLook(folders: readonly string[], except: Iterable<string>): Command {
  return script(LOOK, { FOLDERS: folders.join('\n'), EXCEPT: [...except].join('\n') });
}

/** Folders whose mounts belong to pods; of a runtime that stays only the parts of Kubernetes. */
function podMountFolders({ keepsRuntime, docker, hasCrio, hasKata }: Omit<Former, 'mounts'>): readonly string[] {
  const runtime = keepsRuntime
    ? ['/run/containerd/io.containerd.runtime.v2.task/k8s.io', '/run/containerd/io.containerd.grpc.v1.cri']
    : ['/run/containerd', PATHS.containerdStateDir];
  const ofDocker = docker === 'brought' ? ['/run/docker', PATHS.dockerStateDir] : [];
  const ofCrio = hasCrio ? [PATHS.crioRunDir, PATHS.containersRunDir, PATHS.containersStateDir] : [];
  const ofKata = hasKata ? [PATHS.kataSharedDir, PATHS.kataStateDir] : [];
  return [PATHS.kubeletDir, ...runtime, ...ofDocker, ...ofCrio, ...ofKata];
}

/** The path that mountinfo's spelling stands for. Source: proc(5), escapes of space, tab, newline and backslash. */
export function unescapeMount(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Volumes, root file systems and shared memory of pods. */
export function unmountStep(former: Former): AnyStep {
  const folders = podMountFolders(former);
  return sweepStep({
    id: 'reset/mounts',
    title: 'Unmount what pods used',
    // A folder that is a mount point itself was so before: kbs and Kubernetes mount below theirs only.
    look: mountLook(folders, [...former.mounts, ...folders]),
    describe: (found) => `unmount ${found.length} file system${found.length === 1 ? '' : 's'} of pods`,
    async sweep(found, host, context) {
      for (const path of found.map(unescapeMount)) {
        if (await host.check(sh`umount -- ${path} 2>/dev/null || exit 1`)) continue;
        // Gone meanwhile, or somebody stands in it: taken out of the tree then, so that nothing below the tree is his volume.
        const isLazy = await host.check(sh`mountpoint -q -- ${path} || exit 1; umount -l -- ${path} || exit 1`);
        if (isLazy) context.warn(`${path} was in use and ends when its last user lets go of it`, [`fuser -vm ${path}`]);
      }
    },
    remedy: (left) => left.map((path) => `umount -l ${unescapeMount(path)}`),
  });
}
