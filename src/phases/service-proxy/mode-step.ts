import { NAMESPACES, PATHS } from '../../constants/index.js';
import { step, waitFor, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Plan } from '../../events/index.js';
import { script, type Command, type Host } from '../../host/index.js';
import { describeIpvs, formerState, lookAtIpvs, lookAtRules, removeIpvs, removeRules, type ToolCleaning } from '../reset/index.js';
import { ownerOfOtherMode, type ServiceProxyMode } from './owners.js';

interface Seen {
  /** kube-proxy works in the mode it shall have. */
  readonly isActive: boolean;
  readonly rules: readonly ToolCleaning[];
  /** Only with mode iptables: lines of `lookAtIpvs`. */
  readonly ipvs: readonly string[];
}

const ACTIVE_WITHIN_MS = 120_000;

/**
 * Exit 0 when kube-proxy works in a mode: its table of virtual servers (three lines are its head) and the interface with their addresses,
 * or the chain with which it watches over its rules. All tables are asked for: one that is named comes into being. Source: kube-proxy v1.25 ipvs/proxier.go, iptables/proxier.go.
 */
const ACTIVE: Readonly<Record<ServiceProxyMode, Command>> = {
  ipvs: script(`grep -q '^ *kube-ipvs0:' /proc/net/dev && [ "$(wc -l </proc/net/ip_vs)" -gt 3 ] || exit 1`),
  iptables: script(
    `PATH=$PATH:/usr/sbin:/sbin
for tool in iptables-nft iptables-legacy iptables; do
  if command -v "$tool-save" >/dev/null 2>&1 && "$tool-save" 2>/dev/null | grep -q '^:KUBE-PROXY-CANARY '; then exit 0; fi
done
exit 1`,
  ),
};

async function look(host: Host, mode: ServiceProxyMode): Promise<Seen> {
  const former = formerState(await host.journal.entries());
  // Without a baseline kbs has changed nothing here yet.
  const before = former ?? { chains: new Set<string>(), virtualServers: new Set<string>() };
  const [isActive, rules, ipvs] = await Promise.all([
    host.check(ACTIVE[mode]),
    lookAtRules(host, before, ownerOfOtherMode(mode)),
    mode === 'iptables' ? lookAtIpvs(host, before) : [],
  ]);
  return { isActive, rules, ipvs };
}

function describeRules(rules: readonly ToolCleaning[]): string {
  const parts = rules.map(({ tool, cleanings }) => `${cleanings.flatMap(({ chains }) => chains).length} chains of ${tool}`);
  return parts.join(', ');
}

/** Rules of mode iptables come with kube-proxy's pod, as other things do; IPVS has to be seen, because kube-proxy falls back silently. */
function planMode(mode: ServiceProxyMode, { isActive, rules, ipvs }: Seen): Plan {
  const leftovers = [...(rules.length === 0 ? [] : [describeRules(rules)]), ...(ipvs.length === 0 ? [] : [describeIpvs(ipvs)])];
  const parts = [
    ...(mode === 'ipvs' && !isActive ? ['do services by IPVS'] : []),
    ...(leftovers.length === 0 ? [] : [`remove what kube-proxy left of its other mode: ${leftovers.join(', ')}`]),
  ];
  return parts.length === 0 ? { change: 'none' } : { change: 'update', summary: parts.join('; ') };
}

async function waitUntilActive(host: Host, mode: ServiceProxyMode, signal: AbortSignal): Promise<void> {
  const logs = `kubectl --kubeconfig ${PATHS.adminKubeconfig} -n ${NAMESPACES.system} logs -l k8s-app=kube-proxy --prefix --tail=-1 | grep -i proxier`;
  await waitFor({
    what: `kube-proxy to work in mode ${mode}`,
    forMs: ACTIVE_WITHIN_MS,
    signal,
    where: { host: host.name },
    remedy: [`${logs}   # it falls back to iptables where it cannot use IPVS`],
    probe: async () =>
      (await host.check(ACTIVE[mode]))
        ? { done: true, value: undefined }
        : { done: false, seen: mode === 'ipvs' ? 'no virtual servers on kube-ipvs0' : 'no chain KUBE-PROXY-CANARY' },
  });
}

/**
 * kube-proxy's mode on one host: waits until it is the wanted one, then takes away what the other one left, which kube-proxy itself does
 * not do. As long as the new mode does not work, the old one's rules carry the services.
 */
export function serviceProxyModeStep(mode: ServiceProxyMode): AnyStep {
  return step<Seen>({
    id: 'service-proxy/mode',
    title: `Services by ${mode === 'ipvs' ? 'IPVS' : 'iptables'}, and by nothing else`,
    timeoutMs: ACTIVE_WITHIN_MS + 60_000,
    probe: (host) => look(host, mode),
    plan: (seen) => planMode(mode, seen),
    async apply(host, _seen, { signal }) {
      await waitUntilActive(host, mode, signal);
      const { rules, ipvs } = await look(host, mode);
      await removeRules(host, rules);
      await removeIpvs(host, ipvs);
    },
    async verify(host) {
      const plan = planMode(mode, await look(host, mode));
      if (plan.change === 'none') return;
      throw new KbsError('VERIFY_FAILED', `kube-proxy is not as it should be: ${plan.summary}`, {
        where: { host: host.name },
        remedy: ['iptables-save | grep KUBE-; ipvsadm -Ln   # does something write them again?'],
      });
    },
  });
}
