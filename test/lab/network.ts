import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { addressOf, gatewayOf, hardwareAddressOf } from './addressing.js';
import { capture, output } from './command.js';
import { NETNS_ROOT } from './paths.js';
import type { HostRecord, LabRecord } from './state.js';

const BRIDGE = 'lab0';

/** The operator's namespace of a lab. */
export function operatorNamespace(lab: string): string {
  return `kbs-${lab}`;
}

/** The namespace of a host; names hold no dot, so that no two labs can mean the same. */
export function hostNamespace(lab: string, host: string): string {
  return `kbs-${lab}.${host}`;
}

/** The argv prefix that runs a command inside a network namespace and nothing else of it. */
export function inNamespace(netns: string): readonly string[] {
  return ['nsenter', `--net=${join(NETNS_ROOT, netns)}`, '--'];
}

async function ip(netns: string, batch: readonly string[]): Promise<void> {
  await output(['ip', '-n', netns, '-batch', '-'], { input: `${batch.join('\n')}\n` });
}

/** Makes the operator's namespace with the bridge all hosts are plugged into. */
export async function createOperatorNetwork(lab: LabRecord): Promise<void> {
  await output(['ip', 'netns', 'add', lab.netns]);
  await ip(lab.netns, [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${gatewayOf(lab.subnetNumber)}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
    // There is no way out, and whoever tries is told at once instead of waiting.
    'route add unreachable default',
  ]);
  await output([...inNamespace(lab.netns), 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
}

function cableOf(host: HostRecord): string {
  return `host${host.number}`;
}

/** Makes a host's namespace and its cable to the bridge. */
export async function createHostNetwork(lab: LabRecord, host: HostRecord): Promise<void> {
  const cable = cableOf(host);
  const card = `eth0 address ${hardwareAddressOf(lab.subnetNumber, host.number)} netns ${host.netns}`;
  await output(['ip', 'netns', 'add', host.netns]);
  await ip(lab.netns, [`link add ${cable} type veth peer name ${card}`, `link set ${cable} master ${BRIDGE} up`]);
  await ip(host.netns, [
    'link set lo up',
    `addr add ${addressOf(lab.subnetNumber, host.number)}/24 brd + dev eth0`,
    'link set eth0 up',
    `route add default via ${gatewayOf(lab.subnetNumber)}`,
  ]);
}

/**
 * Removes a host's cable and namespace. The cable goes first and by name: the kernel takes the links of a namespace away some time
 * after the namespace, and until then the host could not be switched on again.
 */
export async function removeHostNetwork(lab: string, host: HostRecord): Promise<void> {
  await capture(['ip', '-n', operatorNamespace(lab), 'link', 'delete', cableOf(host)]);
  await removeNamespace(host.netns);
}

/** Removes a namespace with all its links; nothing happens when there is none. */
export async function removeNamespace(netns: string): Promise<void> {
  const present = await access(join(NETNS_ROOT, netns)).then(
    () => true,
    () => false,
  );
  if (present) await capture(['ip', 'netns', 'delete', netns]);
}
