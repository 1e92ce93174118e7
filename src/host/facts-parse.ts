import { KbsError } from '../errors/index.js';
import { SECTION_MARK } from './facts-script.js';
import type { HostFacts } from './facts.js';

/** Facts a host tells itself; the others come from the transport. */
export type ToldFacts = Omit<HostFacts, 'clockSkewMs' | 'privilegeProblem'>;

type Sections = ReadonlyMap<string, readonly string[]>;

/** CAP_SYS_RESOURCE. Source: capabilities(7), linux/capability.h. */
const CAP_SYS_RESOURCE = 24n;

/**
 * Turns what FACTS_SCRIPT printed into facts.
 * @throws KbsError REMOTE_COMMAND when the output stops before its end
 */
export function parseFacts(output: string): ToldFacts {
  const sections = splitSections(output);
  if (!sections.has('end')) {
    throw new KbsError('REMOTE_COMMAND', 'the host did not tell all of its facts', { details: output.split('\n').slice(-5) });
  }
  const [machine = '', kernelRelease = ''] = lines(sections, 'uname');
  const interfaces = parseInterfaces(lines(sections, 'links'), lines(sections, 'addresses'));
  return {
    hostname: first(sections, 'hostname'),
    architecture: parseArchitecture(machine),
    kernelRelease,
    os: parseOsRelease(lines(sections, 'os')),
    init: first(sections, 'init'),
    systemdVersion: parseSystemdVersion(first(sections, 'systemd')),
    ...parseCgroups(lines(sections, 'cgroup2'), lines(sections, 'cgroup1')),
    cpus: Number(first(sections, 'cpus')),
    memoryBytes: Number(/(\d+) kB/.exec(first(sections, 'memory'))?.[1] ?? 0) * 1024,
    machineId: first(sections, 'machine-id'),
    productUuid: first(sections, 'product-uuid') || undefined,
    addresses: interfaces.flatMap((link) => link.addresses),
    interfaces,
    swaps: parseSwaps(lines(sections, 'swaps')),
    hasCapSysResource: parseCapability(first(sections, 'capabilities')),
    usesSystemdResolved: first(sections, 'resolved') === 'active',
    trustStoreDirectories: lines(sections, 'trust'),
    freeBytes: parseSpace(lines(sections, 'space')),
    packageManager: parsePackageManager(lines(sections, 'packages')),
  };
}

/** The part of the output between the marks; what a login script prints before the first one is left out. */
export function splitSections(output: string): Sections {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of output.split('\n')) {
    if (line.startsWith(SECTION_MARK)) sections.set(line.slice(SECTION_MARK.length), (current = []));
    else if (line.trim() !== '') current?.push(line.trim());
  }
  return sections;
}

function lines(sections: Sections, name: string): readonly string[] {
  return sections.get(name) ?? [];
}

function first(sections: Sections, name: string): string {
  return lines(sections, name)[0] ?? '';
}

/** `uname -m` → artifact names. */
function parseArchitecture(machine: string): string {
  return { x86_64: 'amd64', amd64: 'amd64', aarch64: 'arm64', arm64: 'arm64' }[machine] ?? machine;
}

/** os-release(5): shell-like assignments, quotes optional. */
export function parseOsRelease(file: readonly string[]): HostFacts['os'] {
  const values = new Map<string, string>();
  for (const line of file) {
    const [, key, raw = ''] = /^([A-Z_0-9]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) values.set(key, raw.replace(/^(["'])(.*)\1$/, '$2').replaceAll(/\\(.)/g, '$1'));
  }
  return {
    id: values.get('ID') ?? 'linux',
    versionId: values.get('VERSION_ID') ?? '',
    prettyName: values.get('PRETTY_NAME') ?? 'Linux',
    idLike: values.get('ID_LIKE')?.split(/\s+/) ?? [],
  };
}

function parseSystemdVersion(line: string): number | undefined {
  const version = /^systemd (\d+)/.exec(line)?.[1];
  return version === undefined ? undefined : Number(version);
}

/** A unified hierarchy has cgroup.controllers; else /proc/cgroups lists name, hierarchy, count, enabled. */
function parseCgroups(v2: readonly string[], v1: readonly string[]): Pick<HostFacts, 'cgroupVersion' | 'cgroupControllers'> {
  const [controllers] = v2;
  if (controllers !== undefined) return { cgroupVersion: 'v2', cgroupControllers: controllers.split(/\s+/) };
  const rows = v1.filter((line) => !line.startsWith('#')).map((line) => line.split(/\s+/));
  return { cgroupVersion: 'v1', cgroupControllers: rows.filter((row) => row[3] === '1').map(([name = '']) => name) };
}

/** Links as `ip -o link` prints them, or as `<name> <mtu> <mac>` from /sys/class/net; addresses as `ip -o addr` prints them. */
export function parseInterfaces(links: readonly string[], addresses: readonly string[]): HostFacts['interfaces'] {
  const found = addresses.flatMap((line) => {
    const [, name, address] = /^\d+:\s+(\S+)\s+inet6?\s+([0-9a-fA-F.:]+)(?:\/\d+)?\s.*\bscope global\b/.exec(line) ?? [];
    return name === undefined || address === undefined ? [] : [{ name: name.replace(/@.*/, ''), address }];
  });
  return links.map((line) => {
    const { name, mtu, mac } = parseLink(line);
    return { name, mac, mtu, addresses: found.filter((entry) => entry.name === name).map((entry) => entry.address) };
  });
}

function parseLink(line: string): { readonly name: string; readonly mtu: number; readonly mac: string } {
  const [, name, mtu, mac = ''] = /^\d+:\s+([^\s:@]+)\S*\s.*\bmtu (\d+)\b(?:.*\blink\/\S+ ([0-9a-f:]+))?/.exec(line) ?? [];
  if (name !== undefined) return { name, mtu: Number(mtu), mac };
  const [sysName = '', sysMtu = '0', sysMac = ''] = line.split(' ');
  return { name: sysName, mtu: Number(sysMtu), mac: sysMac };
}

/** /proc/swaps: Filename Type Size Used Priority; a space in a name is `\040`. */
export function parseSwaps(file: readonly string[]): HostFacts['swaps'] {
  return file.slice(1).map((line) => {
    const [device = '', type = '', size = '0'] = line.split(/\s+/);
    return { device: device.replaceAll('\\040', ' '), type, sizeKiB: Number(size) };
  });
}

function parseCapability(line: string): boolean {
  const mask = /^CapBnd:\s*([0-9a-f]+)$/.exec(line)?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** `<path> <line of df -Pk>`: file system, size, used, available (KiB), use %, mount point. */
function parseSpace(rows: readonly string[]): HostFacts['freeBytes'] {
  return Object.fromEntries(
    rows.flatMap((row) => {
      const [, path, available] = /^(\S+) .*\s\d+\s+\d+\s+(\d+)\s+\S+%\s/.exec(row) ?? [];
      return path === undefined ? [] : [[path, Number(available) * 1024]];
    }),
  );
}

function parsePackageManager(paths: readonly string[]): HostFacts['packageManager'] {
  const programs = paths.map((path) => path.replace(/.*\//, ''));
  if (programs.includes('apt-get')) return 'apt';
  return (['dnf', 'yum', 'zypper'] as const).find((name) => programs.includes(name));
}

/** Remote clock in milliseconds from `date +%s%N`; busybox's date has no nanoseconds and prints seconds. */
export function parseClock(text: string): number | undefined {
  const digits = /^\d{10,}/.exec(text)?.[0];
  if (digits === undefined) return undefined;
  return digits.length >= 19 ? Number(BigInt(digits) / 1_000_000n) : Number(digits) * 1000;
}
