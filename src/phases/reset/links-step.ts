import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

/** Interfaces of pod networks, by name. Those of pods hang on the bridges. Source: flannel 0.19 and its CNI plugin, kube-router 1.3. */
const POD_LINKS = { bridges: 'cni0 kube-bridge', tunnels: 'flannel.1 flannel0' } as const;

/** Bridge of a Docker Engine that kbs brought. */
const DOCKER_LINK = 'docker0';

/** Prints `netns NAME` and `link NAME`: pods' namespaces, then their ends on the bridge, then bridges and tunnels. */
const LOOK = `
for path in "$namespaces"/cni-*; do if [ -e "$path" ]; then echo "netns \${path##*/}"; fi; done
has() { grep -q "^ *$1:" /proc/net/dev; }
for bridge in $bridges; do
  if has "$bridge"; then ip -o link show master "$bridge" | sed -n 's/^[0-9]*: \\(veth[^:@]*\\).*/link \\1/p'; fi
done
for link in $bridges $tunnels $docker; do if has "$link"; then echo "link $link"; fi; done`;

const SWEEP = `
for thing do
  name=\${thing#* }
  case $thing in
    netns*) umount "$namespaces/$name" 2>/dev/null; rm -f -- "$namespaces/$name" || exit 1 ;;
    *) if grep -q "^ *$name:" /proc/net/dev; then ip link delete "$name" || { ! grep -q "^ *$name:" /proc/net/dev || exit 1; }; fi ;;
  esac
done`;

/** Network namespaces and interfaces of pods. A namespace or interface that was there before kbs stays. */
export function linksStep({ links, mounts, docker }: Pick<FormerState, 'links' | 'mounts' | 'docker'>): AnyStep {
  const variables = { namespaces: PATHS.networkNamespacesDir, ...POD_LINKS, docker: docker === 'brought' ? DOCKER_LINK : '' };
  const kept = [
    ...[...links].map((name) => `link ${name}`),
    ...[...mounts].flatMap((path) => {
      const prefix = `${PATHS.networkNamespacesDir}/`;
      return path.startsWith(prefix) ? [`netns ${path.slice(prefix.length)}`] : [];
    }),
  ];
  const look = `{ ${LOOK}\n} | grep -Fvx ${kept.map((line) => sh`-e ${line}`.text).join(' ') || "-e ''"} || [ $? = 1 ]`;
  return sweepStep({
    id: 'reset/links',
    title: 'Remove network namespaces and interfaces of pods',
    look: script(look, variables),
    describe: (found) => `remove ${found.join(', ')}`,
    sweep: async (found, host) => {
      await host.run(script(`${sh`set -- ${found}`.text}${SWEEP}`, variables));
    },
    remedy: (left) =>
      left.map((line) => (line.startsWith('netns ') ? `ip netns delete ${line.slice(6)}` : `ip link delete ${line.slice(5)}`)),
  });
}
