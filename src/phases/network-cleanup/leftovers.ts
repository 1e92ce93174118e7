import { PATHS } from '../../constants/index.js';
import type { ClusterSpec } from '../../config/index.js';
import { script, sh, type Host } from '../../host/index.js';
import {
  CALICO_CNI_FILE,
  CALICO_KUBECONFIG,
  FLANNEL_CNI_FILE,
  KUBE_ROUTER_CNI_FILE,
  NETWORK_NAME,
  networkLink,
  networkMode,
  podMtu,
} from '../pod-network/index.js';
import { formerState, lookAtRules, removeRules, type ToolCleaning } from '../reset/index.js';
import { formerRuleOwners, formerSets } from './owners.js';

/** What a host has of another pod network than its own, or of the same one in another mode. */
export interface Leftovers {
  /** `file PATH`, `set NAME`, `route DESTINATION dev DEVICE`, `address LINK`, `link NAME`, `bridge NAME`, `port NAME`, `tree PATH`: see {@link LOOK}. */
  readonly things: readonly string[];
  readonly rules: readonly ToolCleaning[];
}

/**
 * Ports are ends of pods: of another network, or with another MTU than the network has now; bridges, and what a network remembers of its
 * pods, follow them. Calico gives each pod a link of its own, and marks its routes; with it, the host's link is nobody else's way to pods.
 * Things come in the order in which they have to go.
 */
const LOOK = `
PATH=$PATH:/usr/sbin:/sbin
has() { grep -q "^ *$1:" /proc/net/dev; }
isPod() { printf %s "$1" | grep -Eq '^cali[0-9a-f]{11}$'; }
mtus() { ip -o link show "$@" | sed -n 's/^[0-9]*: \\([^:@]*\\).* mtu \\([0-9]*\\) .*/\\1 \\2/p'; }
for path in $FILES; do if [ -e "$path" ]; then echo "file $path"; fi; done
if [ -d /sys/module/ip_set ] && command -v ipset >/dev/null 2>&1; then
  ipset list -n 2>/dev/null | grep -E "$SETS" | sed 's/^/set /'
fi
if [ -n "$DEVICES" ]; then
  ip -4 route show root "$SUBNET" | while read -r route; do
    device=; maker=; isOwn=
    case $route in *' dev '*) device=\${route##* dev }; device=\${device%% *} ;; esac
    case "$route " in *' proto 80 '* | *' proto bird '*) maker=calico ;; esac
    case " $DEVICES " in *" $device "*) isOwn=yes ;; esac
    if [ "$NETWORK" = calico ]; then
      if [ "$maker" = calico ] || isPod "$device" || { [ -n "$isOwn" ] && [ "$device" != "$LINK" ]; }; then continue; fi
    elif [ -n "$isOwn" ] && [ -z "$maker" ]; then continue
    fi
    if [ -n "$device" ]; then echo "route \${route%% *} dev $device"; else echo "route \${route%% proto *}"; fi
  done
fi
if [ "$NETWORK" != calico ] && has tunl0 && ip -4 -o address show dev tunl0 to "$SUBNET" | grep -q .; then echo 'address tunl0'; fi
for link in $TUNNELS; do if has "$link"; then echo "link $link"; fi; done
if [ -n "$MTU" ] && has "$BRIDGE"; then
  mtus master "$BRIDGE" | while read -r name mtu; do if [ "$mtu" != "$MTU" ]; then echo "port $name"; fi; done
fi
if [ "$NETWORK" = calico ] && [ -z "$MTU" ]; then MTU=$(cat /var/lib/calico/mtu 2>/dev/null); fi
mtus type veth | while read -r name mtu; do
  isPod "$name" || continue
  if [ "$NETWORK" != calico ] || { [ -n "$MTU" ] && [ "$mtu" != "$MTU" ]; }; then echo "port $name"; fi
done
for bridge in $BRIDGES; do
  has "$bridge" || continue
  mtus master "$bridge" | sed 's/^\\([^ ]*\\).*/port \\1/'
  echo "bridge $bridge"
done
for path in $TREES; do if [ -e "$path" ]; then echo "tree $path"; fi; done
exit 0`;

/** Bridges go only when no pod is on them any more; ports go with their pods, and routes with their links. */
const SWEEP = `
PATH=$PATH:/usr/sbin:/sbin
has() { grep -q "^ *$1:" /proc/net/dev; }
for thing do
  what=\${thing#* }
  set -- $thing
  case $1 in
    file|tree) rm -rf -- "$2" || exit 1 ;;
    set) ipset destroy "$2" || exit 1 ;;
    route) ip -4 route delete $what 2>/dev/null ;;
    address) ip -4 address flush dev "$2" to "$SUBNET" || exit 1 ;;
    link|bridge|port) if has "$2"; then ip link delete "$2" || { ! has "$2" || exit 1; }; fi ;;
  esac
done
exit 0`;

const TUNNELS = ['flannel.1', 'flannel0', 'vxlan.calico'];
const BRIDGES = ['cni0', 'kube-bridge'];

type Spec = Pick<ClusterSpec, 'network' | 'hosts'>;

/** Where the CNI plugins of the networks with bridges note the addresses of pods; Calico notes them in the API. */
const BRIDGE_NETWORK_STATE = [`${PATHS.cniStateDir}/networks/${NETWORK_NAME}`, `${PATHS.cniStateDir}/flannel`];

/**
 * Files of networks that are not this one. What marks a host as Calico's for `kbs reset`, and mounts in it, is for that: /run/calico.
 */
function formerFiles(type: ClusterSpec['network']['cni']['type']): {
  readonly files: readonly string[];
  readonly trees: readonly string[];
} {
  return {
    files: [
      ...(type === 'flannel' ? [] : [FLANNEL_CNI_FILE, PATHS.flannelRunDir]),
      ...(type === 'kube-router' ? [] : [KUBE_ROUTER_CNI_FILE]),
      ...(type === 'calico' ? [] : [CALICO_CNI_FILE, CALICO_KUBECONFIG]),
    ],
    trees: type === 'calico' ? BRIDGE_NETWORK_STATE : CALICO_STATE,
  };
}

/** What Calico notes on a host. */
const CALICO_STATE = ['/var/lib/calico', '/var/log/calico'];

function variables(spec: Spec, host: Host): Readonly<Record<string, string>> {
  const { cni, podSubnet } = spec.network;
  const mode = networkMode(spec);
  const { address } = spec.hosts.find(({ name }) => name === host.name) ?? { address: '' };
  const link = networkLink(host.facts, address, cni);
  const through = mode?.tunnel ?? link?.name;
  const former = formerFiles(cni.type);
  return {
    NETWORK: cni.type,
    LINK: link?.name ?? '',
    FILES: former.files.join(' '),
    TREES: former.trees.join(' '),
    SETS: formerSets(spec),
    SUBNET: podSubnet,
    DEVICES: mode === undefined || through === undefined ? '' : [mode.bridge ?? link?.name ?? '', through].join(' '),
    TUNNELS: TUNNELS.filter((name) => name !== mode?.tunnel).join(' '),
    BRIDGE: mode?.bridge ?? '',
    BRIDGES: BRIDGES.filter((name) => name !== mode?.bridge).join(' '),
    MTU: String(podMtu(spec, link?.mtu) ?? ''),
  };
}

/** Looks at a host. Reads only. */
export async function lookAtLeftovers(host: Host, spec: Spec): Promise<Leftovers> {
  const before = formerState(await host.journal.entries());
  const kept = new Set([
    ...[...(before?.links ?? [])].flatMap((name) => [`link ${name}`, `bridge ${name}`]),
    ...(before?.trees ?? []).flatMap(({ path, was }) => (was === 'absent' ? [] : [`tree ${path}`])),
  ]);
  const [text, rules] = await Promise.all([
    host.run(script(LOOK, variables(spec, host)), { retryOnLoss: true }),
    lookAtRules(host, before ?? { chains: new Set<string>() }, formerRuleOwners(spec)),
  ]);
  return { things: text.split('\n').filter((line) => line !== '' && !kept.has(line)), rules };
}

/** Ends of pods that hang on what has to go, by name: those on a bridge, and links of Calico's. */
export function portsOf({ things }: Leftovers): { readonly bridged: ReadonlySet<string>; readonly links: ReadonlySet<string> } {
  const ports = things.flatMap((thing) => (thing.startsWith('port ') ? [thing.slice('port '.length)] : []));
  const portsThat = (areCalicos: boolean): ReadonlySet<string> => new Set(ports.filter((name) => name.startsWith('cali') === areCalicos));
  return { bridged: portsThat(false), links: portsThat(true) };
}

/** What there is, for people; undefined for nothing. */
export function describeLeftovers({ things, rules }: Leftovers): string | undefined {
  const names = (kind: string): readonly string[] =>
    things.flatMap((thing) => (thing.startsWith(`${kind} `) ? [thing.split(' ')[1] ?? ''] : []));
  const counted = (count: number, what: string): readonly string[] => (count === 0 ? [] : [`${count} ${what}`]);
  const cleanings = rules.flatMap((one) => one.cleanings);
  const removed = [
    ...names('file'),
    ...names('tree'),
    ...counted(cleanings.flatMap(({ chains }) => chains).length, 'chains'),
    ...counted(cleanings.flatMap((cleaning) => cleaning.rules).length, 'rules'),
    ...counted(names('set').length, 'sets of addresses'),
    ...counted(names('route').length, 'routes'),
    ...names('address').map((name) => `the address of ${name}`),
    ...[...names('link'), ...names('bridge')].map((name) => `interface ${name}`),
  ];
  const parts = [
    ...(removed.length === 0 ? [] : [`remove ${removed.join(', ')}`]),
    ...(names('port').length === 0 ? [] : ['restart the pods of the node']),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/**
 * Whether a thing goes while pods are still there. What carries pods of Calico stays until they have ended: their last connections, cut
 * off, would hold their links for minutes.
 */
function goesFirst(thing: string, hasCalicoPods: boolean): boolean {
  return hasCalicoPods ? thing.startsWith('file ') : !/^(port|bridge|tree) /.test(thing);
}

/**
 * Takes away what is not held by pods, or everything.
 * @param when with `ended` pods have ended: what they have left goes, too, and these ports on bridges, which are nobody's any more
 */
export async function removeLeftovers(
  host: Host,
  spec: Spec,
  { things, rules }: Leftovers,
  when: 'pods are there' | { readonly ended: ReadonlySet<string> },
): Promise<void> {
  const hasCalicoPods = when === 'pods are there' && things.some((thing) => thing.startsWith('port cali'));
  if (!hasCalicoPods) await removeRules(host, rules);
  const isEnded = (thing: string, ended: ReadonlySet<string>): boolean =>
    !/^port (?!cali)/.test(thing) || ended.has(thing.slice('port '.length));
  const now = things.filter((thing) => (when === 'pods are there' ? goesFirst(thing, hasCalicoPods) : isEnded(thing, when.ended)));
  if (now.length > 0) await host.run(script(`${sh`set -- ${now}`.text}${SWEEP}`, variables(spec, host)));
}

/** Whether the CNI configuration is there that the runtime shall use: kube-router's only when it has the addresses of the node. */
export async function hasCniConfig(host: Host, { network }: Pick<ClusterSpec, 'network'>): Promise<boolean> {
  if (network.cni.type !== 'kube-router') return true;
  return host.check(sh`grep -q '"subnet"' ${KUBE_ROUTER_CNI_FILE} 2>/dev/null || exit 1`);
}
