/** What a tool's `-save` says of one table, and the input of its `-restore` that takes the cluster's part out. */
export interface Cleaning {
  readonly table: string;
  /** Chains that go. */
  readonly chains: readonly string[];
  /** Rules in chains that stay, as `-save` prints them. */
  readonly rules: readonly string[];
}

/** Chains of kubelet, kube-proxy, flannel, Calico and the CNI plugins. Source: kube-proxy v1.25 proxier.go, CNI plugins portmap and ip masq. */
const OWN_CHAIN = /^(KUBE-|FLANNEL-|cali-|CNI-HOSTPORT-|CNI-DN-|CNI-SN-|CNI-ADMIN|CNI-FORWARD|CNI-[0-9a-f]{24}$)/;

/** Rules flannel 0.19 and Calico put straight into chains of the kernel; they mark them with a comment. */
const NETWORK_RULE = /--comment "?(flanneld (masq|forward)"?(\s|$)|cali:)/;

const FLANNEL_RULE = /--comment "?flanneld (masq|forward)"?(\s|$)/;

/** Rules kube-router 1.3 puts straight into chains of the kernel when it is the pod network. */
const KUBE_ROUTER_RULE =
  /--comment "allow (outbound traffic from pods|inbound traffic to pods|outbound node port traffic on node interface [^"]*)"|--match-set (inet6:)?kube-router-/;

/** Whose chains and rules are looked for. */
export interface RuleOwner {
  readonly ownsChain: (chain: string, table: string) => boolean;
  /** Rules in chains of others, besides those that lead to an own chain. */
  readonly ownsRule: (rule: string) => boolean;
}

/** Chains of Docker Engine, and its rules in chains of the kernel. Source: libnetwork of Docker 20.10. */
const DOCKER_CHAIN = /^DOCKER(-|$)/;
const DOCKER_RULE = / docker0(\s|$)/;

/** Everything that came with the cluster. */
export const CLUSTER_OWNER: RuleOwner = {
  ownsChain: (chain) => OWN_CHAIN.test(chain),
  ownsRule: (rule) => NETWORK_RULE.test(rule) || KUBE_ROUTER_RULE.test(rule),
};

/** What flannel made. */
export const FLANNEL_OWNER: RuleOwner = { ownsChain: (chain) => chain.startsWith('FLANNEL-'), ownsRule: (rule) => FLANNEL_RULE.test(rule) };

/** What Calico's Felix made. */
export const CALICO_OWNER: RuleOwner = {
  ownsChain: (chain) => chain.startsWith('cali-'),
  ownsRule: (rule) => /--comment "?cali:/.test(rule),
};

/** What kube-router made as the pod network. */
export const KUBE_ROUTER_ROUTE_OWNER: RuleOwner = { ownsChain: () => false, ownsRule: (rule) => KUBE_ROUTER_RULE.test(rule) };

/** What kube-router made to enforce policies. Source: kube-router 1.3 netpol. */
export const KUBE_ROUTER_POLICY_OWNER: RuleOwner = {
  ownsChain: (chain) => /^KUBE-(ROUTER-(INPUT|FORWARD|OUTPUT)$|POD-FW-|NWPLCY-)/.test(chain),
  ownsRule: () => false,
};

/** Chains CRI-O makes for ports of pods, without a plugin; they look like kube-proxy's. Source: CRI-O 1.25 internal/hostport. */
const CRIO_PORTS_CHAIN = /^KUBE-(HOSTPORTS$|HP-)/;

/** What the CNI plugin portmap, or CRI-O, made for ports of pods. */
export const POD_PORTS_OWNER: RuleOwner = {
  ownsChain: (chain) => CRIO_PORTS_CHAIN.test(chain) || (chain.startsWith('CNI-') && OWN_CHAIN.test(chain)),
  ownsRule: () => false,
};

/** What Docker Engine made, and ports of pods. */
export const DOCKER_ALONE_OWNER: RuleOwner = {
  ownsChain: (chain, table) => POD_PORTS_OWNER.ownsChain(chain, table) || DOCKER_CHAIN.test(chain),
  ownsRule: (rule) => DOCKER_RULE.test(rule),
};

/** Everything of the cluster, and a Docker Engine that kbs brought. */
export const DOCKER_OWNER: RuleOwner = {
  ownsChain: (chain, table) => CLUSTER_OWNER.ownsChain(chain, table) || DOCKER_CHAIN.test(chain),
  ownsRule: (rule) => CLUSTER_OWNER.ownsRule(rule) || DOCKER_RULE.test(rule),
};

/**
 * Reads `iptables-save`: which chains and rules came with the cluster, or with a part of it.
 * @param before chains that were there before kbs and stay
 */
export function clusterRules(saved: string, before: (chain: string) => boolean, owner = CLUSTER_OWNER): readonly Cleaning[] {
  const cleanings: Cleaning[] = [];
  for (const block of saved.split(/^\*/m).slice(1)) {
    const [table = '', ...lines] = block.split('\n');
    const chains = lines.flatMap((line) => {
      const chain = /^:(\S+) /.exec(line)?.[1];
      return chain !== undefined && owner.ownsChain(chain, table.trim()) && !before(chain) ? [chain] : [];
    });
    const own = new Set(chains);
    const rules = lines.filter((line) => {
      const from = /^-A (\S+)/.exec(line)?.[1];
      if (from === undefined || own.has(from)) return false;
      const to = / -[jg] (\S+)/.exec(line)?.[1];
      return (to !== undefined && own.has(to)) || owner.ownsRule(line);
    });
    if (chains.length + rules.length > 0) cleanings.push({ table: table.trim(), chains, rules });
  }
  return cleanings;
}

/** Input of `iptables-restore --noflush`: one transaction a table; rules of others are not named in it. */
export function restoreInput(cleanings: readonly Cleaning[]): string {
  return cleanings
    .map(({ table, chains, rules }) =>
      [
        `*${table}`,
        ...rules.map((rule) => rule.replace(/^-A /, '-D ')),
        // All emptied before the first goes: they jump to each other.
        ...chains.map((chain) => `-F ${chain}`),
        ...chains.map((chain) => `-X ${chain}`),
        'COMMIT',
        '',
      ].join('\n'),
    )
    .join('');
}

/** An nft table or base chain. */
export interface NftObject {
  /** `family name` of the table. */
  readonly table: string;
  /** undefined: the whole table. */
  readonly chain: string | undefined;
}

interface NftChain {
  readonly name: string;
  readonly isEmpty: boolean;
}

interface NftTable {
  readonly name: string;
  readonly chains: readonly NftChain[];
  /** Sets, maps, counters and the like. */
  readonly hasOthers: boolean;
}

/** What `nft` shows of the rules that {@link clusterRules} finds. */
const CLUSTER_RULE =
  /(jump|goto) (KUBE|FLANNEL|CNI|cali)-|comment "(flanneld (masq|forward)"|cali:|allow (outbound|inbound|outbound node port) traffic )|xt match "set"/;
const DOCKER_NFT_RULE = /(jump|goto) DOCKER(-|$|\s)|"docker0"/;

/** What of nftables was there before, and whose the rest is. */
export interface FormerNft {
  readonly table: (name: string) => boolean;
  readonly chain: (name: string) => boolean;
  /** kbs brought Docker Engine. */
  readonly withDocker?: boolean;
}

/**
 * Reads `nft list ruleset`. An accepting base chain without rules counts as empty. Chains and rules of the cluster do not count: a plan
 * is made while they are still there, and before anything is removed they are gone.
 */
function parseRuleset(text: string, before: FormerNft): readonly NftTable[] {
  const withDocker = before.withDocker === true;
  const { ownsChain } = withDocker ? DOCKER_OWNER : CLUSTER_OWNER;
  const isClusterRule = (line: string): boolean => CLUSTER_RULE.test(line) || (withDocker && DOCKER_NFT_RULE.test(line));
  const tables: { name: string; chains: { name: string; isEmpty: boolean; isOwn: boolean }[]; hasOthers: boolean }[] = [];
  for (const line of text.split('\n')) {
    const opened = /^table (\S+ \S+) \{/.exec(line)?.[1];
    if (opened !== undefined) tables.push({ name: opened, chains: [], hasOthers: false });
    const table = tables.at(-1);
    if (table === undefined || opened !== undefined) continue;
    const chain = /^\tchain (\S+) \{/.exec(line)?.[1];
    if (chain !== undefined)
      table.chains.push({ name: chain, isEmpty: true, isOwn: ownsChain(chain, table.name) && !before.chain(`${table.name} ${chain}`) });
    else if (/^\t[^\t}]/.test(line)) table.hasOthers = true;
    else if (/^\t\t/.test(line) && !/^\t\ttype \S+ hook .*policy accept;$/.test(line) && !isClusterRule(line)) {
      const last = table.chains.at(-1);
      if (last !== undefined && !last.isOwn) last.isEmpty = false;
    }
  }
  return tables;
}

/**
 * Tables and base chains that `iptables` made for the cluster and that hold nothing any more. Only the tables iptables itself works
 * on are looked at.
 * @param before whether a table, or a chain of one, was there before kbs
 */
export function emptyNftObjects(ruleset: string, before: FormerNft): readonly NftObject[] {
  return parseRuleset(ruleset, before)
    .filter(({ name }) => /^(ip|ip6) (filter|nat|mangle|raw|security)$/.test(name))
    .flatMap(({ name, chains, hasOthers }): NftObject[] => {
      if (!before.table(name) && !hasOthers && chains.every(({ isEmpty }) => isEmpty)) return [{ table: name, chain: undefined }];
      return chains.flatMap((chain) =>
        chain.isEmpty && /^[A-Z]+$/.test(chain.name) && !before.chain(`${name} ${chain.name}`) ? [{ table: name, chain: chain.name }] : [],
      );
    });
}
