import type { AnyStep } from '../../engine/index.js';
import { script, sh } from '../../host/index.js';
import { BPF_MOUNT, ROUTES_LOOK } from '../baseline/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

/** Asked only where Calico was: BGP daemons of others make routes, too. */
const LOOK = `
PATH=$PATH:/usr/sbin:/sbin
if [ ! -e /var/lib/calico ] && [ ! -e /run/calico ] && [ ! -e /etc/cni/net.d/calico-kubeconfig ]; then exit 0; fi
if [ -n "$asksRoutes" ]; then { ${ROUTES_LOOK}; } | sed 's/ *$//; s/^/route /'; fi
sed -n 's/^ *\\(cali[0-9a-f]*\\|vxlan[.]calico\\|vxlan-v6[.]calico\\) *:.*/link \\1/p' /proc/net/dev
if [ -d /sys/module/ip_set ] && command -v ipset >/dev/null 2>&1; then ipset list -n | sed -n 's/^cali/set cali/p'; fi
awk '$5 ~ "^/run/calico/" { print "mount " $5 }' /proc/self/mountinfo
if grep -q ' ${BPF_MOUNT} ' /proc/self/mountinfo; then echo 'mount ${BPF_MOUNT}'; fi
exit 0`;

/** A device that is gone has taken its routes along. */
const SWEEP = `
PATH=$PATH:/usr/sbin:/sbin
for thing do
  name=\${thing#* }
  case $thing in
    'route '*) ip route delete $name 2>/dev/null || ! ip -4 route show | sed 's/ *$//' | grep -Fqx -- "$name" || exit 1 ;;
    'link '*) ip link delete "$name" || ! grep -q "^ *$name:" /proc/net/dev || exit 1 ;;
    'mount '*) umount -- "$name" || umount -l -- "$name" || exit 1 ;;
    *) ipset destroy "$name" || exit 1 ;;
  esac
done`;

/** What Calico leaves on a host besides its rules: routes, interfaces, sets, mounts. What was there before kbs stays. */
export function calicoStep({ routes, links, mounts }: Pick<FormerState, 'routes' | 'links' | 'mounts'>): AnyStep {
  const kept = [
    ...[...(routes ?? [])].map((route) => `route ${route}`),
    ...[...links].map((name) => `link ${name}`),
    ...[...mounts].map((path) => `mount ${path}`),
  ];
  const except = kept.map((line) => sh`-e ${line}`.text).join(' ');
  const look = except === '' ? LOOK : `(${LOOK}\n) | grep -Fvx ${except} || [ $? = 1 ]`;
  return sweepStep({
    id: 'reset/calico',
    title: 'Take away what Calico left',
    look: script(look, { asksRoutes: routes === undefined ? '' : 'yes' }),
    sweep: async (found, host) => {
      await host.run(script(`${sh`set -- ${found}`.text}${SWEEP}`));
    },
    remedy: (left) =>
      left.map((line) =>
        line
          .replace(/^route /, 'ip route delete ')
          .replace(/^link /, 'ip link delete ')
          .replace(/^mount /, 'umount ')
          .replace(/^set /, 'ipset destroy '),
      ),
  });
}
