import type { AnyStep } from '../../engine/index.js';
import { script, sh, type Host } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { shortList, sweepStep } from './sweep-step.js';

/**
 * Sets of kube-proxy, those for IPv6 with a 6 in their names. Others name theirs KUBE-… as well: policy engines do, kube-router's go in a step of their own.
 * Source: kube-proxy v1.25 ipvs/ipset.go.
 */
const SETS = '^KUBE-(6-)?(LOOP-BACK|CLUSTER-IP|EXTERNAL-IP(-LOCAL)?|LOAD-BALANCER(-[-A-Z]+)?|NODE-PORT-[-A-Z]+|HEALTH-CHECK-NODE-PORT)$';

/** Prints `server -t ADDRESS:PORT`, `link NAME` and `set NAME`. Nothing is asked of a part of the kernel that is not loaded: asking loads it. */
const LOOK = `
PATH=$PATH:/usr/sbin:/sbin
if [ -e /proc/net/ip_vs ] && command -v ipvsadm >/dev/null 2>&1; then
  ipvsadm -Sn | sed -n 's/^-A \\(-[-a-z]* [^ ]*\\).*/server \\1/p'
fi
if grep -q '^ *kube-ipvs0:' /proc/net/dev; then echo 'link kube-ipvs0'; fi
if [ -d /sys/module/ip_set ] && command -v ipset >/dev/null 2>&1; then
  ipset list -n | grep -E "$sets" | sed 's/^/set /'
fi
exit 0`;

const SWEEP = `
PATH=$PATH:/usr/sbin:/sbin
for thing do
  name=\${thing#* }
  case $thing in
    'server '*) ipvsadm -D $name || exit 1 ;;
    'link '*) ip link delete "$name" || exit 1 ;;
    *) ipset destroy "$name" || exit 1 ;;
  esac
done`;

/** What IPVS has of kube-proxy: virtual servers, the interface with their addresses, sets. Prints a line for each thing. */
function lookCommand({ virtualServers }: Pick<FormerState, 'virtualServers'>) {
  const kept = [...virtualServers].map((server) => sh`-e ${`server ${server}`}`.text).join(' ');
  return script(kept === '' ? LOOK : `(${LOOK}\n) | grep -Fvx ${kept} || [ $? = 1 ]`, { sets: SETS });
}

/** Everything IPVS has of kube-proxy, but for virtual servers that were there before kbs. Reads only. */
export async function lookAtIpvs(host: Host, former: Pick<FormerState, 'virtualServers'>): Promise<readonly string[]> {
  return (await host.run(lookCommand(former), { retryOnLoss: true })).split('\n').filter((line) => line !== '');
}

/** Takes away what {@link lookAtIpvs} found; rules that name the sets have to be gone before. */
export async function removeIpvs(host: Host, found: readonly string[]): Promise<void> {
  if (found.length > 0) await host.run(script(`${sh`set -- ${found}`.text}${SWEEP}`));
}

/** How {@link lookAtIpvs} is told to people: what there may be hundreds of, by its number. */
export function describeIpvs(found: readonly string[]): string {
  const count = (kind: string): number => found.filter((line) => line.startsWith(`${kind} `)).length;
  const parts = [
    ...(count('server') === 0 ? [] : [`${count('server')} virtual servers`]),
    ...(count('link') === 0 ? [] : ['interface kube-ipvs0']),
    ...(count('set') === 0 ? [] : [`${count('set')} sets of addresses`]),
  ];
  return shortList(parts);
}

/** What kube-proxy made in mode ipvs. */
export function ipvsStep(former: Pick<FormerState, 'virtualServers'>): AnyStep {
  return sweepStep({
    id: 'reset/ipvs',
    title: 'Take the cluster out of IPVS',
    look: lookCommand(former),
    describe: (found) => `remove ${describeIpvs(found)}`,
    sweep: (found, host) => removeIpvs(host, found),
    remedy: (left) =>
      left.map((line) =>
        line
          .replace(/^server /, 'ipvsadm -D ')
          .replace(/^link /, 'ip link delete ')
          .replace(/^set /, 'ipset destroy '),
      ),
  });
}
