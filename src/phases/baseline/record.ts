import { PATHS } from '../../constants/index.js';
import { script, type Host, type JournalEntry } from '../../host/index.js';

/**
 * Folders that Kubernetes, the runtime or the pod network fill by themselves. Where one was absent before kbs,
 * reset removes it with all that is in it; where it was there, reset only takes out what kbs put in.
 */
export const OWN_TREES: readonly string[] = [
  PATHS.kubernetesDir,
  PATHS.kubeletDir,
  '/usr/libexec/kubernetes',
  '/etc/cni',
  '/opt/cni',
  PATHS.cniStateDir,
  PATHS.containerdConfigDir,
  PATHS.containerdStateDir,
  '/opt/containerd',
  '/run/containerd',
  PATHS.flannelRunDir,
  PATHS.podLogsDir,
  PATHS.containerLogsDir,
  PATHS.kbsStateDir,
  '/run/xtables.lock',
];

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
];

/** Name of the journal note that says the baseline is complete, and notes reset reads. */
export const BASELINE_NOTES = { done: 'baseline', nftTables: 'nft-tables', links: 'links', chains: 'iptables-chains' } as const;

const LOOK = `
for path in $TREES; do
  if [ -d "$path" ]; then echo "tree $path directory"; elif [ -e "$path" ]; then echo "tree $path file"; else echo "tree $path absent"; fi
done
for key in $SYSCTLS; do
  file=/proc/sys/$(printf %s "$key" | tr . /)
  if [ -r "$file" ]; then printf 'sysctl %s %s\\n' "$key" "$(tr '\\t' ' ' < "$file")"; fi
done
for link in /sys/class/net/*; do echo "link \${link##*/}"; done
if command -v nft >/dev/null 2>&1; then nft list tables | sed 's/^table /table /'; fi
for tool in iptables ip6tables; do
  command -v $tool-save >/dev/null 2>&1 || continue
  $tool-save 2>/dev/null | sed -n -e 's/^:\\([^ ]*\\) .*/\\1/p' | sort -u | while read -r chain; do echo "chain $tool $chain"; done
done
`;

/** Reads what {@link OWN_TREES}, {@link MOVED_SYSCTLS}, links and firewall tables are like, in one round trip. Changes nothing. */
export async function lookAtBaseline(host: Host, dataDirectories: readonly string[]): Promise<readonly JournalEntry[]> {
  const trees = [...OWN_TREES, ...dataDirectories].join(' ');
  const text = await host.run(script(LOOK, { TREES: trees, SYSCTLS: MOVED_SYSCTLS.join(' ') }));
  const lines = text.split('\n').map((line) => line.trim());
  const collect = (prefix: string): string[] =>
    lines.filter((line) => line.startsWith(`${prefix} `)).map((line) => line.slice(prefix.length + 1));
  const entries: JournalEntry[] = [];
  for (const line of collect('tree')) {
    const [path = '', was = ''] = line.split(' ');
    // A file in a tree's place belongs to somebody else: reset must not touch it.
    if (was === 'absent' || was === 'directory') entries.push({ kind: 'tree', path, was });
  }
  for (const line of collect('sysctl')) {
    const [key = '', ...value] = line.split(' ');
    entries.push({ kind: 'sysctl', key, was: value.join(' ') });
  }
  entries.push({ kind: 'note', name: BASELINE_NOTES.links, value: collect('link').join(' ') });
  entries.push({ kind: 'note', name: BASELINE_NOTES.nftTables, value: collect('table').join(',') });
  entries.push({ kind: 'note', name: BASELINE_NOTES.chains, value: collect('chain').join(',') });
  entries.push({ kind: 'note', name: BASELINE_NOTES.done, value: '1' });
  return entries;
}
