import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { KbsError } from '../../errors/index.js';

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

const ROUTES_FILE = '/proc/net/route';

/** Name of this machine's node: what was given, else the host name; lower case, as kubeadm makes it. */
export function nodeNameHere(given: string | undefined): string {
  return (given ?? hostname()).trim().toLowerCase();
}

/** Global IPv4 addresses of an interface, or of all. */
function addressesOf(interfaces: Interfaces, name?: string): readonly string[] {
  const infos = name === undefined ? Object.values(interfaces) : [interfaces[name]];
  return infos
    .flatMap((list) => list ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    .map(({ address }) => address);
}

/** The interface of the default route with the best metric. @param routes text of /proc/net/route */
function defaultInterface(routes: string): string | undefined {
  const rows = routes.split('\n').map((line) => line.split(/\s+/));
  const defaults = rows.filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000');
  return defaults.sort((one, other) => Number(one[6]) - Number(other[6]))[0]?.[0];
}

/**
 * The address other machines reach this one by: that of the interface with the default route, else the only one there is.
 * @param routes text of /proc/net/route
 * @throws KbsError USAGE when it cannot be told
 */
export function chooseAddress(routes: string, interfaces: Interfaces, flag: string): string {
  const name = defaultInterface(routes);
  const [ofRoute] = name === undefined ? [] : addressesOf(interfaces, name);
  const all = addressesOf(interfaces);
  const only = all.length === 1 ? all[0] : undefined;
  const chosen = ofRoute ?? only;
  if (chosen !== undefined) return chosen;
  throw new KbsError('USAGE', 'it cannot be told by which address other machines reach this one: there is no default route', {
    remedy: all.length === 0 ? ['ip -4 addr   # give this machine an IPv4 address'] : all.map((address) => `add ${flag} ${address}`),
  });
}

/** {@link chooseAddress} for the machine kbs runs on. @throws KbsError USAGE */
export async function addressHere(flag: string): Promise<string> {
  const routes = await readFile(ROUTES_FILE, 'utf8').catch((error: unknown) => {
    // Another system than Linux: the transport says so in a moment, in better words.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return chooseAddress(routes, networkInterfaces(), flag);
}
