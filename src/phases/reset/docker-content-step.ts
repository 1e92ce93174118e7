import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { shortList, sweepStep } from './sweep-step.js';

/** Prints containers of pods, by the label every kubelet gives them, and of a Docker Engine that stays images that kbs brought. */
const LOOK = `
command -v docker >/dev/null 2>&1 && timeout 10 docker version >/dev/null 2>&1 || exit 0
docker ps -aq --no-trunc --filter label=io.kubernetes.pod.uid | sed 's/^/container /'
printf '%s\\n' "$brought" | while read -r image; do
  if [ -n "$image" ] && docker image inspect "$image" >/dev/null 2>&1; then echo "image $image"; fi
done`;

/** Pods' containers in Docker Engine; where it stays, also their images. */
export function emptyDockerStep({ docker, images }: Pick<FormerState, 'docker' | 'images'>): AnyStep {
  return sweepStep({
    id: 'reset/docker-content',
    title: 'Take containers of the cluster out of Docker Engine',
    timeoutMs: 300_000,
    look: script(LOOK, { brought: docker === 'kept' ? images.join('\n') : '' }),
    describe: (found) => `remove from Docker Engine: ${shortList(found)}`,
    async sweep(found, host) {
      const named = (kind: string): readonly string[] =>
        found.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
      const containers = named('container');
      if (containers.length > 0) await host.run(sh`docker rm -f -v ${containers} >/dev/null`, { timeoutMs: 200_000 });
      const references = named('image');
      if (references.length > 0) await host.run(sh`docker image rm -f ${references} >/dev/null`, { timeoutMs: 90_000 });
    },
    remedy: () => ['docker ps -a --filter label=io.kubernetes.pod.uid; docker images; systemctl status docker'],
  });
}
