import { PATHS } from '../../constants/index.js';
import type { ClusterSpec } from '../../config/index.js';
import { script, sh, type Host } from '../../host/index.js';
import { FLANNEL_CNI_FILE, KUBE_ROUTER_CNI_FILE, networkLink, networkMode } from '../pod-network/index.js';
import { formerState, lookAtRules, removeRules, type ToolCleaning } from '../reset/index.js';
import { formerRuleOwners, formerSets } from './owners.js';

/** What a host has of another pod network than its own, or of the same one in another mode. */
export interface Leftovers {
  /** `file PATH`, `set NAME`, `route DESTINATION DEVICE`, `link NAME`, `bridge NAME`, `port NAME`: see {@link LOOK}. */
  readonly things: readonly string[];
  readonly rules: readonly ToolCleaning[];
}

/**
 * Ports are ends of pods: on a bridge of another network, or with another MTU than the network has now; the bridge itself follows its ports.
 * Things come in the order in which they have to go.
 */
const LOOK = `
PATH=$PATH:/usr/sbin:/sbin
has() { grep -q "^ *$1:" /proc/net/dev; }
mtus() { ip -o link show "$@" | sed -n 's/^[0-9]*: \\([^:@]*\\).* mtu \\([0-9]*\\) .*/\\1 \\2/p'; }
for path in $FILES; do if [ -e "$path" ]; then echo "file $path"; fi; done
if [ -d /sys/module/ip_set ] && command -v ipset >/dev/null 2>&1; then
  ipset list -n 2>/dev/null | grep -E "$SETS" | sed 's/^/set /'
fi
if [ -n "$DEVICES" ]; then
  ip -4 route show root "$SUBNET" | while read -r destination rest; do
    device=\${rest##*dev }; device=\${device%% *}
    case " $DEVICES " in *" $device "*) ;; *) echo "route $destination $device" ;; esac
  done
fi
for link in $TUNNELS; do if has "$link"; then echo "link $link"; fi; done
if [ -n "$MTU" ] && has "$BRIDGE"; then
  mtus master "$BRIDGE" | while read -r name mtu; do if [ "$mtu" != "$MTU" ]; then echo "port $name"; fi; done
fi
for bridge in $BRIDGES; do
  has "$bridge" || continue
  mtus master "$bridge" | sed 's/^\\([^ ]*\\).*/port \\1/'
  echo "bridge $bridge"
done
exit 0`;

/** Bridges and routes go only when no pod is on them any more; ports go with their pods. */
const SWEEP = `
PATH=$PATH:/usr/sbin:/sbin
has() { grep -q "^ *$1:" /proc/net/dev; }
for thing do
  set -- $thing
  case $1 in
    file) rm -rf -- "$2" || exit 1 ;;
    set) ipset destroy "$2" || exit 1 ;;
    route) ip -4 route delete "$2" dev "$3" 2>/dev/null ;;
    link|bridge) if has "$2"; then ip link delete "$2" || { ! has "$2" || exit 1; }; fi ;;
  esac
done
exit 0`;

const TUNNELS = ['flannel.1', 'flannel0'];
const BRIDGES = ['cni0', 'kube-bridge'];

type Spec = Pick<ClusterSpec, 'network' | 'hosts'>;

function variables(spec: Spec, host: Host): Readonly<Record<string, string>> {
  const { cni, podSubnet } = spec.network;
  const mode = networkMode(spec);
  const { address } = spec.hosts.find(({ name }) => name === host.name) ?? { address: '' };
  const link = networkLink(host.facts, address, cni);
  const through = mode?.tunnel ?? link?.name;
  const files = [
    ...(cni.type === 'flannel' ? [] : [FLANNEL_CNI_FILE, PATHS.flannelRunDir]),
    ...(cni.type === 'kube-router' ? [] : [KUBE_ROUTER_CNI_FILE]),
  ];
  return {
    FILES: files.join(' '),
    SETS: formerSets(spec),
    SUBNET: podSubnet,
    DEVICES: mode === undefined || through === undefined ? '' : `${mode.bridge} ${through}`,
    TUNNELS: TUNNELS.filter((name) => name !== mode?.tunnel).join(' '),
    BRIDGE: mode?.bridge ?? '',
    BRIDGES: BRIDGES.filter((name) => name !== mode?.bridge).join(' '),
    MTU: mode === undefined || link === undefined ? '' : String(link.mtu - mode.overheadBytes),
  };
}

/** Looks at a host. Reads only. */
export async function lookAtLeftovers(host: Host, spec: Spec): Promise<Leftovers> {
  const before = formerState(await host.journal.entries());
  const kept = new Set([...(before?.links ?? [])].flatMap((name) => [`link ${name}`, `bridge ${name}`]));
  const [text, rules] = await Promise.all([
    host.run(script(LOOK, variables(spec, host)), { retryOnLoss: true }),
    lookAtRules(host, before ?? { chains: new Set<string>() }, formerRuleOwners(spec)),
  ]);
  return { things: text.split('\n').filter((line) => line !== '' && !kept.has(line)), rules };
}

/** Whether pods hang on what has to go. */
export function hasPods({ things }: Leftovers): boolean {
  return things.some((thing) => thing.startsWith('port '));
}

/** What there is, for people; undefined for nothing. */
export function describeLeftovers({ things, rules }: Leftovers): string | undefined {
  const names = (kind: string): readonly string[] =>
    things.flatMap((thing) => (thing.startsWith(`${kind} `) ? [thing.split(' ')[1] ?? ''] : []));
  const counted = (count: number, what: string): readonly string[] => (count === 0 ? [] : [`${count} ${what}`]);
  const cleanings = rules.flatMap((one) => one.cleanings);
  const removed = [
    ...names('file'),
    ...counted(cleanings.flatMap(({ chains }) => chains).length, 'chains'),
    ...counted(cleanings.flatMap((cleaning) => cleaning.rules).length, 'rules'),
    ...counted(names('set').length, 'sets of addresses'),
    ...counted(names('route').length, 'routes'),
    ...[...names('link'), ...names('bridge')].map((name) => `interface ${name}`),
  ];
  const parts = [
    ...(removed.length === 0 ? [] : [`remove ${removed.join(', ')}`]),
    ...(names('port').length === 0 ? [] : ['restart the pods of the node']),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** Takes away what is not held by pods; with `all` what they have left, too. */
export async function removeLeftovers(
  host: Host,
  spec: Spec,
  { things, rules }: Leftovers,
  { all }: { readonly all: boolean },
): Promise<void> {
  await removeRules(host, rules);
  const now = things.filter((thing) => !thing.startsWith('port ') && (all || !thing.startsWith('bridge ')));
  if (now.length > 0) await host.run(script(`${sh`set -- ${now}`.text}${SWEEP}`, variables(spec, host)));
}

/** Whether the CNI configuration is there that the runtime shall use: kube-router's only when it has the addresses of the node. */
export async function hasCniConfig(host: Host, { network }: Pick<ClusterSpec, 'network'>): Promise<boolean> {
  if (network.cni.type !== 'kube-router') return true;
  return host.check(sh`grep -q '"subnet"' ${KUBE_ROUTER_CNI_FILE} 2>/dev/null || exit 1`);
}
