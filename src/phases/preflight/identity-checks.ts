import type { Host } from '../../host/index.js';
import type { PreflightCheck } from './types.js';

/** TLS: certificates made now must already be valid on the host. */
const WORST_SKEW_MS = 10_000;
/** etcd starts to complain at one second. Source: etcd v3.5 rafthttp probing_status.go. */
const SKEW_TO_WARN_MS = 1_000;

const always = (): boolean => true;

/** Names of the other hosts that have the same, not empty value. */
function sharedWith(others: readonly Host[], value: string | undefined, of: (host: Host) => string | undefined): readonly string[] {
  return value === undefined || value === '' ? [] : others.filter((other) => of(other) === value).map((other) => other.name);
}

function worstSkew(host: Host, others: readonly Host[]): { readonly ms: number; readonly against: string } {
  const candidates = [
    { ms: host.facts.clockSkewMs, against: 'this machine' },
    ...others.map((other) => ({ ms: host.facts.clockSkewMs - other.facts.clockSkewMs, against: other.name })),
  ];
  return candidates.reduce((worst, next) => (Math.abs(next.ms) > Math.abs(worst.ms) ? next : worst));
}

function skewText({ ms, against }: { readonly ms: number; readonly against: string }): string {
  const direction = ms > 0 ? 'ahead of' : 'behind';
  return `the clock is ${(Math.abs(ms) / 1000).toFixed(1)} s ${direction} ${against} — synchronise it: chronyc makestep, or timedatectl set-ntp true`;
}

/** Checks of who the machine is among the others. */
export const IDENTITY_CHECKS: readonly PreflightCheck[] = [
  {
    name: 'Hostname',
    level: 'error',
    appliesTo: always,
    run({ host, others }) {
      const { hostname } = host.facts;
      const same = sharedWith(others, hostname, (other) => other.facts.hostname);
      if (same.length > 0) return `calls itself ${hostname} like ${same.join(', ')} — hostnamectl set-hostname ${host.name}`;
      const claimed = others.find((other) => other.name === hostname);
      return claimed === undefined
        ? undefined
        : `calls itself ${hostname}, which is another host of the cluster file — hostnamectl set-hostname ${host.name}, or swap the addresses`;
    },
  },
  {
    name: 'Hostname',
    level: 'warning',
    appliesTo: always,
    run: ({ host }) =>
      host.facts.hostname === '' || host.facts.hostname.startsWith('localhost')
        ? `calls itself "${host.facts.hostname}" — hostnamectl set-hostname ${host.name}`
        : undefined,
  },
  {
    name: 'MachineId',
    level: 'error',
    appliesTo: always,
    run({ host, others }) {
      const cure = 'rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup, then reboot';
      const { machineId } = host.facts;
      if (!/^[0-9a-f]{32}$/.test(machineId)) return `/etc/machine-id is "${machineId}" — ${cure}`;
      const same = sharedWith(others, machineId, (other) => other.facts.machineId);
      return same.length === 0 ? undefined : `same /etc/machine-id as ${same.join(', ')} (cloned?) — ${cure}`;
    },
  },
  {
    name: 'ProductUuid',
    // Containers and some clouds share it, and Kubernetes only reports it.
    level: 'warning',
    appliesTo: always,
    run({ host, others }) {
      const same = sharedWith(others, host.facts.productUuid, (other) => other.facts.productUuid);
      return same.length === 0 ? undefined : `same product_uuid as ${same.join(', ')} — give each virtual machine its own`;
    },
  },
  {
    name: 'Addresses',
    level: 'error',
    appliesTo: always,
    run({ host: { facts }, input }) {
      if (facts.addresses.includes(input.address)) return undefined;
      return `${input.address} is on none of its interfaces (${facts.addresses.join(', ')}) — put the host's own address into the file, and a NAT address into sshAddress`;
    },
  },
  {
    name: 'Addresses',
    level: 'error',
    appliesTo: always,
    run({ others, input }) {
      const same = others.filter((other) => other.facts.addresses.includes(input.address)).map((other) => other.name);
      return same.length === 0
        ? undefined
        : `${input.address} is also on ${same.join(', ')} — two hosts may not share an address: ip addr on both`;
    },
  },
  {
    name: 'ClockSkew',
    level: 'error',
    appliesTo: always,
    run({ host, others }) {
      const skew = worstSkew(host, others);
      return Math.abs(skew.ms) > WORST_SKEW_MS ? skewText(skew) : undefined;
    },
  },
  {
    name: 'ClockSkew',
    level: 'warning',
    appliesTo: always,
    run({ host, others }) {
      const skew = worstSkew(host, others);
      return Math.abs(skew.ms) > SKEW_TO_WARN_MS && Math.abs(skew.ms) <= WORST_SKEW_MS ? skewText(skew) : undefined;
    },
  },
  {
    name: 'MixedArchitectures',
    level: 'warning',
    appliesTo: ({ isNode }) => isNode,
    run({ host, others }) {
      const different = others
        .filter((other) => !other.roles.has('etcd') && other.facts.architecture !== host.facts.architecture)
        .map((other) => other.name);
      return different.length === 0
        ? undefined
        : `${host.facts.architecture}, unlike ${different.join(', ')} — your own images must exist for both`;
    },
  },
];
