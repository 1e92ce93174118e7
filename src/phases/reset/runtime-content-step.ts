import { UNITS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

/** Prints what a runtime that stays has of Kubernetes: containers, then images kbs brought. */
function runtimeLook(images: readonly string[]): string {
  return `
command -v ctr >/dev/null 2>&1 && ctr --connect-timeout 2s version >/dev/null 2>&1 || exit 0
ctr -n k8s.io containers ls -q | sed 's/^/container /'
ctr -n k8s.io images ls -q | grep -Fx -e ${images.map((image) => sh`${image}`.text).join(' -e ') || "''"} | sed 's/^/image /'
exit 0`;
}

/** What kbs brought into a container runtime that was there before: its containers and images. */
export function emptyRuntimeStep({ images }: Pick<FormerState, 'images'>): AnyStep {
  return sweepStep({
    id: 'reset/runtime-content',
    title: 'Take containers and images of the cluster out of the runtime',
    timeoutMs: 300_000,
    look: script(runtimeLook(images)),
    async sweep(found, host) {
      const named = (kind: string): readonly string[] =>
        found.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
      for (const id of named('container')) {
        // The task goes first; one that has ended already is no longer listed.
        await host.run(sh`if ctr -n k8s.io tasks ls -q | grep -Fqx -e ${id}; then ctr -n k8s.io tasks rm -f ${id} >/dev/null; fi
ctr -n k8s.io containers rm ${id}`);
      }
      const references = named('image');
      if (references.length > 0) await host.run(sh`ctr -n k8s.io images rm --sync ${references}`, { timeoutMs: 240_000 });
    },
    remedy: () => [`ctr -n k8s.io containers ls; ctr -n k8s.io images ls; systemctl status ${UNITS.containerd}`],
  });
}
