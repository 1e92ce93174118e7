import { UNITS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh, type Command } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

type Former = Pick<FormerState, 'images' | 'runtimeImages'>;

/**
 * Prints what a runtime that stays has of the cluster: containers, images, and the namespace where it is new. The CRI plugin names each
 * image a second time by its digest; where the namespace is older, such a name is the cluster's only when it is new.
 */
const LOOK = `
command -v ctr >/dev/null 2>&1 && ctr --connect-timeout 2s namespaces ls -q 2>/dev/null | grep -qx k8s.io || exit 0
ctr -n k8s.io containers ls -q | sed 's/^/container /'
ctr -n k8s.io images ls -q | while read -r image; do
  listed() { printf '%s\\n' "$1" | grep -Fqx -e "$image"; }
  if [ -n "$is_new" ] || listed "$brought"; then echo "image $image"
  else case $image in sha256:* | *@sha256:*) listed "$before" || echo "image $image" ;; esac; fi
done
if [ -n "$is_new" ]; then echo 'namespace k8s.io'; fi`;

/** The task goes first; one that has ended already is no longer listed. */
function containerRemoval(id: string): Command {
  return sh`if ctr -n k8s.io tasks ls -q | grep -Fqx -e ${id}; then ctr -n k8s.io tasks rm -f ${id} >/dev/null; fi
ctr -n k8s.io containers rm ${id}`;
}

/** What is in a namespace besides containers and images is only what the runtime made of them. */
const NAMESPACE_REMOVAL = `
for key in $(ctr -n k8s.io snapshots ls | awk 'NR > 1 { print $1 }' | tac); do ctr -n k8s.io snapshots rm "$key" 2>/dev/null; done
for lease in $(ctr -n k8s.io leases ls -q); do ctr -n k8s.io leases rm --sync "$lease"; done
ctr -n k8s.io content prune references 2>/dev/null
ctr -n k8s.io content ls -q | xargs -r ctr -n k8s.io content rm >/dev/null
ctr namespaces rm k8s.io`;

/** What kbs brought into a container runtime that was there before: its containers and images. */
export function emptyRuntimeStep({ images, runtimeImages }: Former): AnyStep {
  const variables = {
    is_new: runtimeImages === undefined ? 'yes' : '',
    brought: images.join('\n'),
    before: [...(runtimeImages ?? [])].join('\n'),
  };
  return sweepStep({
    id: 'reset/runtime-content',
    title: 'Take containers and images of the cluster out of the runtime',
    timeoutMs: 300_000,
    look: script(LOOK, variables),
    async sweep(found, host) {
      const named = (kind: string): readonly string[] =>
        found.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
      for (const id of named('container')) await host.run(containerRemoval(id));
      const references = named('image');
      if (references.length > 0) await host.run(sh`ctr -n k8s.io images rm --sync ${references}`, { timeoutMs: 200_000 });
      if (named('namespace').length > 0) await host.run(script(NAMESPACE_REMOVAL));
    },
    remedy: () => [`ctr -n k8s.io containers ls; ctr -n k8s.io images ls; systemctl status ${UNITS.containerd}`],
  });
}
