import { LabError } from './lab-error.js';
import { findLab, listLabs } from './state.js';

// Outside of 10.244.0.0/16 and 10.96.0.0/12, which clusters use by default for pods and services.
const PREFIX = '10.66';

/** Host numbers start here; lower ones are for the gateway and for virtual addresses of tests. */
export const FIRST_HOST_NUMBER = 11;

/** The operator's own address in the lab. */
export function gatewayOf(subnetNumber: number): string {
  return `${PREFIX}.${subnetNumber}.1`;
}

/** The address of a host. */
export function addressOf(subnetNumber: number, number: number): string {
  return `${PREFIX}.${subnetNumber}.${number}`;
}

/** The lab's network. */
export function subnetOf(subnetNumber: number): string {
  return `${PREFIX}.${subnetNumber}.0/24`;
}

/** A subnet no other lab of this machine uses. To be called with the machine's lock held. */
export async function freeSubnetNumber(): Promise<number> {
  const labs = await Promise.all((await listLabs()).map(findLab));
  const taken = new Set(labs.map((lab) => lab?.subnetNumber));
  for (let candidate = 0; candidate < 256; candidate += 1) {
    if (!taken.has(candidate)) return candidate;
  }
  throw new LabError('256 labs are up, there is no free subnet', 'npm run lab -- down --all');
}

/** The lowest host number that is not in use. */
export function freeHostNumber(taken: ReadonlySet<number>): number {
  for (let candidate = FIRST_HOST_NUMBER; candidate < 255; candidate += 1) {
    if (!taken.has(candidate)) return candidate;
  }
  throw new LabError('a lab has room for 244 hosts');
}

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Checks the name of a lab or a host. @throws LabError */
export function checkName(kind: 'lab' | 'host', name: string): void {
  if (!LABEL.test(name) || name.length > 40)
    throw new LabError(`bad ${kind} name ${JSON.stringify(name)}`, 'lower-case letters, digits and dashes, at most 40');
}

/** The hardware address of a host's network card: a host keeps it when its power is cut, so that its neighbours find it again at once. */
export function hardwareAddressOf(subnetNumber: number, hostNumber: number): string {
  const octets = [0x02, 0x6b, 0x62, 0x73, subnetNumber, hostNumber];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
