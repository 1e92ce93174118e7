import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { script, sh, type Host } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import {
  clusterRules,
  emptyNftObjects,
  restoreInput,
  type Cleaning,
  type NftObject,
  type RuleOwner,
  CLUSTER_OWNER,
  DOCKER_OWNER,
} from './firewall-rules.js';
import { shortList } from './sweep-step.js';

/**
 * kube-proxy and flannel bring iptables of their own, and may use the other back end than the host: both are looked at. Where the host
 * names no back end, its plain command is all there is.
 */
const TOOLS = `
for family in iptables ip6tables; do
  found=
  for tool in $family-nft $family-legacy; do
    if command -v "$tool-save" >/dev/null 2>&1; then echo "$tool"; found=1; fi
  done
  if [ -z "$found" ] && command -v "$family-save" >/dev/null 2>&1; then echo "$family"; fi
done`;

/** What one tool has to take out. */
export interface ToolCleaning {
  readonly tool: string;
  readonly cleanings: readonly Cleaning[];
}

type Former = Pick<FormerState, 'chains' | 'nftTables' | 'nftChains' | 'docker'>;

/** Chains and rules of the cluster, or of a part of it, in iptables of both families and back ends. Reads only. */
export async function lookAtRules(
  host: Host,
  { chains }: Pick<FormerState, 'chains'>,
  owner?: RuleOwner,
): Promise<readonly ToolCleaning[]> {
  const tools = (await host.run(script(TOOLS), { retryOnLoss: true })).split('\n').filter((line) => line !== '');
  const looks = tools.map(async (tool) => {
    const saved = await host.run(sh`${`${tool}-save`} 2>/dev/null || [ $? = 1 ]`, { retryOnLoss: true });
    const family = tool.startsWith('ip6') ? 'ip6tables' : 'iptables';
    return { tool, cleanings: clusterRules(saved, (chain) => chains.has(`${family} ${chain}`), owner) };
  });
  return (await Promise.all(looks)).filter(({ cleanings }) => cleanings.length > 0);
}

/** Takes out what {@link lookAtRules} found. */
export async function removeRules(host: Host, found: readonly ToolCleaning[]): Promise<void> {
  for (const { tool, cleanings } of found) {
    await host.run(sh`${`${tool}-restore`} -w 10 --noflush`, { stdin: restoreInput(cleanings) });
  }
}

/** Chains and rules of the cluster in iptables of both families and back ends; a rule of somebody else stays, wherever it is. */
export function iptablesStep(former: Former): AnyStep {
  const owner = former.docker === 'brought' ? DOCKER_OWNER : CLUSTER_OWNER;
  return step<readonly ToolCleaning[]>({
    id: 'reset/iptables',
    title: 'Take the cluster out of iptables',
    timeoutMs: 120_000,
    probe: (host) => lookAtRules(host, former, owner),
    plan: (found) => {
      if (found.length === 0) return { change: 'none' };
      const parts = found.map(({ tool, cleanings }) => {
        const chains = cleanings.flatMap((cleaning) => cleaning.chains).length;
        const rules = cleanings.flatMap((cleaning) => cleaning.rules).length;
        return `${tool}: remove ${chains} chains and ${rules} rules that lead there`;
      });
      return { change: 'remove', summary: parts.join(', ') };
    },
    async apply(host, found) {
      await removeRules(host, found);
    },
    async verify(host) {
      const left = await lookAtRules(host, former, owner);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `chains of the cluster are still in ${left.map(({ tool }) => tool).join(', ')}`, {
        where: { host: host.name },
        details: left.flatMap(({ tool, cleanings }) =>
          cleanings.flatMap(({ table, chains }) => chains.map((chain) => `${tool} -t ${table} ${chain}`)),
        ),
        remedy: left.map(({ tool }) => `${tool}-save | grep -e KUBE- -e FLANNEL- -e CNI-   # does something write them again?`),
      });
    },
  });
}

async function lookAtNft(host: Host, { nftTables, nftChains, docker }: Former): Promise<readonly NftObject[]> {
  if (nftTables === undefined) return [];
  const ruleset = await host.run(script('if command -v nft >/dev/null 2>&1; then nft --stateless list ruleset; fi'), { retryOnLoss: true });
  return emptyNftObjects(ruleset, {
    table: (name) => nftTables.has(name),
    chain: (name) => nftChains.has(name),
    withDocker: docker === 'brought',
  });
}

function nameOf({ table, chain }: NftObject): string {
  return chain === undefined ? `table ${table}` : `chain ${table} ${chain}`;
}

/** Tables and base chains of nftables that iptables made for the cluster, where they are empty now. */
export function nftStep(former: Former): AnyStep {
  return step<readonly NftObject[]>({
    id: 'reset/nft',
    title: 'Remove empty tables of the cluster from nftables',
    timeoutMs: 60_000,
    probe: (host) => lookAtNft(host, former),
    plan: (found) => (found.length === 0 ? { change: 'none' } : { change: 'remove', summary: `remove ${shortList(found.map(nameOf))}` }),
    async apply(host, found) {
      await host.run(sh`nft -f -`, { stdin: found.map((object) => `delete ${nameOf(object)}\n`).join('') });
    },
    async verify(host) {
      const left = await lookAtNft(host, former);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `still in nftables: ${left.map(nameOf).join(', ')}`, {
        where: { host: host.name },
        remedy: left.map((object) => `nft delete ${nameOf(object)}`),
      });
    },
  });
}
