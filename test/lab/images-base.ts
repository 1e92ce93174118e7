import { access, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { output } from './command.js';
import { type Architecture, labArchitecture } from './components/architecture.js';
import { ensurePackages, packageInputs } from './components/debian-packages.js';
import type { ImageLayer } from './images-archive.js';
import type { TarEntry } from './images-layer.js';
import { LabError } from './lab-error.js';

/** Layers below the images that are more than one static program. */
export interface BaseLayers {
  /** A shell and the small Unix tools. */
  readonly shell: ImageLayer;
  /** On top of `shell`: iptables, ipset, conntrack and ip. */
  readonly network: ImageLayer;
}

const PACKAGES = [
  'busybox',
  'conntrack',
  'iproute2',
  'ipset',
  'iptables',
  // What the programs of the former are linked with.
  'libbpf1',
  'libbsd0',
  'libc6',
  'libcap2',
  'libelf1',
  'libip4tc2',
  'libip6tc2',
  'libipset13',
  'libmd0',
  'libmnl0',
  'libnetfilter-conntrack3',
  'libnfnetlink0',
  'libnftnl11',
  'libpcre2-8-0',
  'libselinux1',
  'libxtables12',
  'zlib1g',
];

const SHELL_PROGRAMS = ['/bin/busybox'];
const NETWORK_PROGRAMS = [
  '/usr/sbin/xtables-nft-multi',
  '/usr/sbin/xtables-legacy-multi',
  '/usr/sbin/conntrack',
  '/usr/sbin/ipset',
  '/bin/ip',
];

const NOT_FROM_BUSYBOX = new Set(['busybox', 'linuxrc', 'init', 'reboot', 'halt', 'poweroff']);

const IPTABLES_NAMES = ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore'];

// What a distroless base has, and programs without a C library ask for.
const ROOT_FILES: readonly TarEntry[] = [
  { path: 'etc/passwd', type: 'text', text: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n' },
  { path: 'etc/group', type: 'text', text: 'root:x:0:\nnobody:x:65534:\n' },
  { path: 'etc/nsswitch.conf', type: 'text', text: 'hosts: files dns\n' },
  { path: 'root', type: 'directory', mode: 0o700 },
  { path: 'run', type: 'directory' },
  { path: 'tmp', type: 'directory', mode: 0o1777 },
  { path: 'var/run', type: 'symlink', target: '../run' },
  ...['bin', 'sbin', 'lib', 'lib64'].map((path): TarEntry => ({ path, type: 'symlink', target: `usr/${path}` })),
];

/** Users, name service and a directory for temporary files, for images that hold a single static program. */
export const ROOT_LAYER: ImageLayer = {
  name: 'users and directories',
  entries: ROOT_FILES.filter(({ path, type }) => type !== 'symlink' && path !== 'run'),
};

/** What the base layers are made from, for the key of what is made from them. */
export function baseLayerInputs(): Promise<string[]> {
  return packageInputs(PACKAGES);
}

let knownLayers: Promise<BaseLayers> | undefined;

/** Picks the base layers' files from Debian packages: the programs and exactly the libraries they are linked with. */
export function ensureBaseLayers(): Promise<BaseLayers> {
  knownLayers ??= pickFiles();
  return knownLayers;
}

async function pickFiles(): Promise<BaseLayers> {
  const { directory: root } = await ensurePackages('image-base', PACKAGES);
  const architecture = labArchitecture();
  const shellFiles = await withLibraries(root, SHELL_PROGRAMS, architecture);
  const networkFiles = await withLibraries(root, [...NETWORK_PROGRAMS, ...(await iptablesExtensions(root, architecture))], architecture);
  const applets = (await output([join(root, 'bin/busybox'), '--list']))
    .split('\n')
    .filter((name) => name !== '' && !NOT_FROM_BUSYBOX.has(name));
  return {
    shell: {
      name: 'busybox and its libraries from Debian',
      entries: [
        ...ROOT_FILES,
        ...applets.map((name) => link(`usr/bin/${name}`, 'busybox')),
        ...[...shellFiles].map(([path, source]) => file(path, source)),
      ],
    },
    network: {
      name: 'iptables, ipset, conntrack and ip from Debian',
      entries: [
        ...[...networkFiles].filter(([path]) => !shellFiles.has(path)).map(([path, source]) => file(path, source)),
        ...IPTABLES_NAMES.flatMap((name) => [
          link(`usr/sbin/${name}`, 'xtables-nft-multi'),
          link(`usr/sbin/${name.replace('tables', 'tables-nft')}`, 'xtables-nft-multi'),
          link(`usr/sbin/${name.replace('tables', 'tables-legacy')}`, 'xtables-legacy-multi'),
        ]),
      ],
    },
  };
}

function file(path: string, source: string): TarEntry {
  return { path, type: 'file', source };
}

function link(path: string, target: string): TarEntry {
  return { path, type: 'symlink', target };
}

/** Debian 12 packages still name /bin and /lib, where the images have links to /usr. */
function inUsr(path: string): string {
  return path.replace(/^\//, '').replace(/^(bin|sbin|lib|lib64)\//, 'usr/$1/');
}

// iptables loads these by name, so no program is linked with them; some need libraries that iptables itself does not.
async function iptablesExtensions(root: string, { triplet }: Architecture): Promise<string[]> {
  const directory = `/usr/lib/${triplet}/xtables`;
  return (await readdir(join(root, directory))).sort().map((name) => `${directory}/${name}`);
}

/** Path in the image → file on disk of programs and their libraries, the dynamic loader included. */
export async function withLibraries(
  root: string,
  programs: readonly string[],
  { triplet, loader }: Architecture,
): Promise<Map<string, string>> {
  const libraryPath = [`/lib/${triplet}`, `/usr/lib/${triplet}`].map((path) => join(root, path)).join(':');
  const files = new Map([[inUsr(loader), join(root, loader)]]);
  for (const program of programs) {
    await access(join(root, program));
    files.set(inUsr(program), join(root, program));
    const listed = await output([join(root, loader), '--inhibit-cache', '--library-path', libraryPath, '--list', join(root, program)]);
    for (const [, library = '', found = ''] of listed.matchAll(/^\s*(\S+) => (\S+)/gm)) {
      if (!found.startsWith(root)) throw new LabError(`${basename(program)} needs ${library}, which no package of the image base has`);
      files.set(inUsr(found.slice(root.length)), found);
    }
  }
  return files;
}
