import { PATHS, UNITS } from '../../constants/index.js';
import { script, type Command, type Host, type JournalEntry } from '../../host/index.js';
import { procPath } from '../../steps/index.js';

/**
 * Folders that Kubernetes, the runtime or the pod network fill by themselves while they run. Where one was there before kbs, reset
 * takes out what was not in it then.
 */
export const STATE_TREES: readonly string[] = [
  PATHS.kubeletDir,
  '/usr/libexec/kubernetes',
  PATHS.cniStateDir,
  PATHS.containerdStateDir,
  '/run/containerd',
  PATHS.flannelRunDir,
  '/run/calico',
  '/run/nodeagent',
  '/var/lib/calico',
  '/var/log/calico',
  PATHS.podLogsDir,
  PATHS.containerLogsDir,
];

/**
 * Every folder that belongs to the cluster alone. Where one was absent before kbs, reset removes it with all that is in it; where it
 * was there, reset only takes out what kbs put in, and from {@link STATE_TREES} what came while the cluster ran.
 */
export const OWN_TREES: readonly string[] = [
  ...STATE_TREES,
  PATHS.kubernetesDir,
  '/etc/cni',
  '/opt/cni',
  PATHS.containerdConfigDir,
  '/opt/containerd',
  PATHS.kbsStateDir,
  PATHS.networkNamespacesDir,
  '/run/xtables.lock',
];

/**
 * What pods of the cluster write or have made outside of {@link STATE_TREES}: kube-proxy's volume (the runtime makes a folder that is
 * missing), plugins of flannel and Calico. A folder goes only when it is still empty. Source: kube-proxy of kubeadm v1.25, manifests of flannel 0.19.
 */
const WRITTEN_BY_PODS: readonly string[] = [
  '/lib/modules',
  ...['flannel', 'calico', 'calico-ipam', 'install'].map((name) => `${PATHS.cniBinDir}/${name}`),
];

/** Units the kubelet's unit pulls in, besides its own. What pulls in the target in turn is asked for. */
const PULLED_IN = 'network-online.target';

/** Kernel settings that kubelet, kube-proxy or flannel change while they run. Source: kubelet v1.25 container_manager_linux.go, kube-proxy v1.25 server_others.go. */
export const MOVED_SYSCTLS: readonly string[] = [
  'vm.overcommit_memory',
  'vm.panic_on_oom',
  'kernel.panic',
  'kernel.panic_on_oops',
  'kernel.keys.root_maxkeys',
  'kernel.keys.root_maxbytes',
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.route_localnet',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
  'net.ipv6.conf.all.forwarding',
  // kube-proxy in mode ipvs; net.ipv4.vs is there only with the kernel's module. Source: kube-proxy v1.25 ipvs/proxier.go.
  'net.ipv4.vs.conntrack',
  'net.ipv4.vs.conn_reuse_mode',
  'net.ipv4.vs.expire_nodest_conn',
  'net.ipv4.vs.expire_quiescent_template',
  'net.ipv4.conf.all.arp_ignore',
  'net.ipv4.conf.all.arp_announce',
];

/** Mounted by systemd on most hosts, and by Calico where it is not. */
export const BPF_MOUNT = '/sys/fs/bpf';

/** Prints routes of BGP daemons and of Felix, which calls itself 80. */
export const ROUTES_LOOK = 'for protocol in bird 80; do ip -4 route show proto "$protocol" 2>/dev/null; done; true';

/** Names of the journal's notes about a host as it was found. Values are JSON: lists of strings. */
export const BASELINE_NOTES = {
  /** The baseline is complete. */
  done: 'baseline',
  /** Interfaces. */
  links: 'links',
  /** `family table`. */
  nftTables: 'nft-tables',
  /** `family table chain`. */
  nftChains: 'nft-chains',
  /** `iptables CHAIN`, `ip6tables CHAIN`. */
  chains: 'iptables-chains',
  /** Virtual servers of IPVS as `ipvsadm` names them: `-t 10.96.0.1:443`. */
  virtualServers: 'ipvs-virtual-servers',
  /** Routes that a BGP daemon or Calico's Felix has set, as `ip route` prints them. */
  routes: 'routes',
  /** Mount points below {@link OWN_TREES}, and {@link BPF_MOUNT}. */
  mounts: 'mounts',
  /** Images in the namespace of Kubernetes of a container runtime; absent when it had no such namespace. */
  runtimeImages: 'runtime-images',
} as const;

/** Name of the note with what was in a tree of {@link STATE_TREES}, as paths relative to it, two levels deep; the tree itself is ''. */
export function treeContentNote(tree: string): string {
  return `content ${tree}`;
}

/** Prints `kind<TAB>value` lines. Interfaces come from /proc: /sys may show those of another network namespace. */
const LOOK = `
for path in $TREES; do
  if [ -d "$path" ]; then was=directory; elif [ -e "$path" ]; then was=file; else was=absent; fi
  printf 'tree\\t%s\\t%s\\n' "$path" "$was"
done
for path in $WRITTEN; do
  if [ -L "$path" ]; then was=link; elif [ -f "$path" ]; then was=file; elif [ -e "$path" ]; then continue; else was=absent; fi
  printf 'path\\t%s\\t%s\\n' "$path" "$was"
done
for unit in $PULLED_IN $(systemctl show -p Wants --value "$PULLED_IN"); do
  systemctl show -p ActiveState -p UnitFileState -- "$unit" | {
    active= enabled=
    while IFS='=' read -r name value; do
      case $name in ActiveState) active=$value ;; UnitFileState) enabled=$value ;; esac
    done
    printf 'unit\\t%s\\t%s\\t%s\\n' "$unit" "$active" "$enabled"
  }
done
for path in $STATE; do
  if [ -d "$path" ]; then find "$path" -xdev -maxdepth 2 -printf "content\\t$path\\t%P\\n"; fi
done
for sysctl in $SYSCTLS; do
  file=\${sysctl#*=}
  if [ -r "$file" ]; then
    # Unquoted: what stands between several values becomes one space. Not by read, which asks for one character at a time: the kernel
    # answers only the first time.
    set -- $(cat -- "$file")
    printf 'sysctl\\t%s\\t%s\\n' "\${sysctl%%=*}" "$*"
  fi
done
# Removing a package removes folders of links that are empty.
for path in /etc/systemd/system/*.wants /etc/systemd/system/*.requires; do
  if [ -d "$path" ] && [ ! -L "$path" ]; then printf 'path\\t%s\\tdirectory\\n' "$path"; fi
done
if command -v ctr >/dev/null 2>&1 && ctr --connect-timeout 2s namespaces ls -q 2>/dev/null | grep -qx k8s.io; then
  printf 'runtime\\tk8s.io\\n'
  ctr -n k8s.io images ls -q | sed 's/^/image\\t/'
fi
sed -n 's/^ *\\([^ :]*\\):.*/link\\t\\1/p' /proc/net/dev
while read -r id parent device root mount rest; do
  for path in $TREES; do
    case $mount in "$path"/*) printf "mount\\t$mount\\n" ;; esac
  done
done </proc/self/mountinfo
grep -q ' ${BPF_MOUNT} ' /proc/self/mountinfo && printf 'mount\\t${BPF_MOUNT}\\n'
{ ${ROUTES_LOOK}; } | sed 's/ *$//; s/^/route\\t/'
if command -v nft >/dev/null 2>&1; then
  printf 'nft\\tyes\\n'
  nft list tables | sed 's/^table /table\\t/'
  nft list chains | awk '$1 == "table" { table = $2 " " $3 } $1 == "chain" { print "nft-chain\\t" table " " $2 }'
fi
# Asked only where IPVS is there already: ipvsadm would load it.
if [ -e /proc/net/ip_vs ] && command -v ipvsadm >/dev/null 2>&1; then
  ipvsadm -Sn | sed -n 's/^-A \\(-[-a-z]* [^ ]*\\).*/virtual-server\\t\\1/p'
fi
for tool in iptables ip6tables; do
  command -v $tool-save >/dev/null 2>&1 || continue
  $tool-save 2>/dev/null | sed -n "s/^:\\([^ ]*\\) .*/chain\\t$tool \\1/p" | sort -u
done
`;

/** The command behind {@link lookAtBaseline}, but for kubelet and runtime. Reads only. */
export function baselineCommand(dataDirectories: readonly string[]): Command {
  return script(LOOK, {
    TREES: [...OWN_TREES, ...dataDirectories].join(' '),
    STATE: [...STATE_TREES, ...dataDirectories].join(' '),
    WRITTEN: WRITTEN_BY_PODS.join(' '),
    PULLED_IN,
    SYSCTLS: MOVED_SYSCTLS.map((key) => `${key}=${procPath(key)}`).join(' '),
  });
}

/** Reads what trees, kernel settings, units, interfaces, mounts and the packet filter are like. Changes nothing. */
export async function lookAtBaseline(host: Host, dataDirectories: readonly string[]): Promise<readonly JournalEntry[]> {
  const [text, ...units] = await Promise.all([
    host.run(baselineCommand(dataDirectories)),
    ...[UNITS.kubelet, UNITS.containerd].map(async (unit): Promise<JournalEntry> => {
      const { enabled, active } = await host.units.state(unit);
      return { kind: 'unit', unit, enabled, active };
    }),
  ]);
  return [...units, ...baselineEntries(text)];
}

type Collect = (kind: string) => readonly (readonly string[])[];

function collector(text: string): Collect {
  const rows = text.split('\n').map((line) => line.split('\t'));
  return (kind) => rows.filter(([first]) => first === kind).map(([, ...rest]) => rest);
}

/** Journal entries from lines about trees, their content, and single paths. */
export function pathEntries(text: string): readonly JournalEntry[] {
  const collect = collector(text);
  const entries: JournalEntry[] = [];
  for (const [path = '', was = ''] of collect('tree')) {
    // A file in a tree's place belongs to somebody else: reset must not touch it.
    if (was === 'absent' || was === 'directory') entries.push({ kind: 'tree', path, was });
    // containerd and etcd set the mode of their folders themselves.
    if (was === 'directory') entries.push({ kind: 'path', path, was });
  }
  for (const [path = '', was = ''] of collect('path')) {
    if (was === 'absent' || was === 'file' || was === 'link' || was === 'directory') entries.push({ kind: 'path', path, was });
  }
  const contents = new Map<string, string[]>();
  for (const [tree = '', path = ''] of collect('content')) contents.set(tree, [...(contents.get(tree) ?? []), path]);
  for (const [tree, paths] of contents) entries.push(listNote(treeContentNote(tree), paths));
  return entries;
}

/** Journal entries from what the baseline's script printed; the note that the baseline is complete comes last. */
export function baselineEntries(text: string): readonly JournalEntry[] {
  const collect = collector(text);
  const entries: JournalEntry[] = [...pathEntries(text)];
  for (const [unit = '', active = '', enabled = ''] of collect('unit'))
    entries.push({ kind: 'unit', unit, enabled: enabled || 'static', active });
  for (const [key = '', was = ''] of collect('sysctl')) entries.push({ kind: 'sysctl', key, was: was.trim() });
  const flat = (kind: string): readonly string[] => collect(kind).map(([value = '']) => value.trim());
  entries.push(
    listNote(BASELINE_NOTES.links, flat('link')),
    listNote(BASELINE_NOTES.mounts, flat('mount')),
    // Without the program nobody can tell which tables were there.
    ...(collect('nft').length === 0
      ? []
      : [listNote(BASELINE_NOTES.nftTables, flat('table')), listNote(BASELINE_NOTES.nftChains, flat('nft-chain'))]),
    listNote(BASELINE_NOTES.chains, flat('chain')),
    listNote(BASELINE_NOTES.virtualServers, flat('virtual-server')),
    listNote(BASELINE_NOTES.routes, flat('route')),
    ...(collect('runtime').length === 0 ? [] : [listNote(BASELINE_NOTES.runtimeImages, flat('image'))]),
    { kind: 'note', name: BASELINE_NOTES.done, value: '1' },
  );
  return entries;
}

function listNote(name: string, values: readonly string[]): JournalEntry {
  return { kind: 'note', name, value: JSON.stringify(values) };
}
