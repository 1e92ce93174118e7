import { endpointOf, endpointProvider, hasVirtualAddress, type ClusterSpec } from '../../config/index.js';
import { UNITS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { sh, type Host } from '../../host/index.js';

/** Begins the journal's note of an address that moves between hosts; its value is the interface. */
const NOTE = 'virtual address ';

/** The address that moves between the control planes; undefined with other providers. */
export function virtualAddressOf(spec: ClusterSpec): string | undefined {
  const provider = endpointProvider(spec);
  return provider !== undefined && hasVirtualAddress(provider) ? endpointOf(spec).host : undefined;
}

/**
 * Where the virtual address goes on a host: what the file says, or the interface with the host's own address.
 * @throws KbsError CONFIG_INVALID when no interface has it
 */
export function virtualInterface(spec: ClusterSpec, host: Host): string {
  const named =
    spec.controlPlaneEndpoint?.interface ?? host.facts.interfaces.find(({ addresses }) => addresses.includes(host.address))?.name;
  if (named !== undefined) return named;
  throw new KbsError('CONFIG_INVALID', `no interface of ${host.name} has the address ${host.address}`, {
    where: { host: host.name },
    remedy: ['set spec.controlPlaneEndpoint.interface in the cluster file', `ip addr   # on ${host.name}`],
  });
}

function notedAddresses(entries: Awaited<ReturnType<Host['journal']['entries']>>): readonly string[] {
  return entries.flatMap((entry) => (entry.kind === 'note' && entry.name.startsWith(NOTE) ? [entry.name.slice(NOTE.length)] : []));
}

/** Notes the virtual address before the host may get it: a host that lost its power, or kube-vip that was stopped, keeps it. */
export function noteAddressStep(address: string, onInterface: string): AnyStep {
  return step<boolean>({
    id: 'endpoint/note-address',
    title: 'Note the virtual address for reset',
    timeoutMs: 30_000,
    probe: async (host) => notedAddresses(await host.journal.entries()).includes(address),
    plan: (isNoted) =>
      isNoted ? { change: 'none' } : { change: 'create', summary: `note for reset that ${address} comes to ${onInterface}` },
    apply: (host) => host.journal.record([{ kind: 'note', name: `${NOTE}${address}`, value: onInterface }]),
    verify: async () => undefined,
  });
}

interface Leftover {
  readonly address: string;
  readonly link: string;
}

async function leftovers(host: Host, current: string | undefined): Promise<readonly Leftover[]> {
  const noted = notedAddresses(await host.journal.entries()).filter((address) => address !== current);
  // keepalived that runs takes its address away itself as it stops.
  if (noted.length === 0 || (await host.units.state(UNITS.keepalived)).active === 'active') return [];
  const found = await Promise.all(
    noted.map(async (address) => {
      const lines = await host.run(sh`ip -4 -o addr show to ${`${address}/32`}`, { retryOnLoss: true });
      return lines.split('\n').flatMap((line): Leftover[] => {
        const link = /^\d+:\s+(\S+)\s+inet /.exec(line)?.[1];
        return link === undefined ? [] : [{ address, link }];
      });
    }),
  );
  return found.flat();
}

/** Virtual addresses that whoever moved them has left behind on the host. */
export function staleAddressStep(id: string, current: string | undefined): AnyStep {
  return step<readonly Leftover[]>({
    id,
    title: 'Take away virtual addresses that are no longer used',
    timeoutMs: 60_000,
    probe: (host) => leftovers(host, current),
    plan: (found) =>
      found.length === 0
        ? { change: 'none' }
        : { change: 'remove', summary: found.map(({ address, link }) => `take ${address} off ${link}`).join(', ') },
    async apply(host, found) {
      for (const { address, link } of found) await host.run(sh`ip addr del ${`${address}/32`} dev ${link}`);
    },
    async verify(host) {
      const [left] = await leftovers(host, current);
      if (left === undefined) return;
      throw new KbsError('VERIFY_FAILED', `${left.address} is still on ${left.link}: something puts it there`, {
        where: { host: host.name },
        remedy: [`ip addr show dev ${left.link}; crictl ps --name kube-vip; systemctl status keepalived   # on ${host.name}`],
      });
    },
  });
}
