import { ensurePackages, packageInputs } from './components/debian-packages.js';
import { labArchitecture } from './components/architecture.js';
import type { Image } from './images-archive.js';
import { withLibraries } from './images-base.js';

/** haproxy of Debian 12 and what it is linked with. */
const PACKAGES = [
  'haproxy',
  'libc6',
  'libcap2',
  'libcrypt1',
  'libgcc-s1',
  'libgcrypt20',
  'libgpg-error0',
  'liblua5.3-0',
  'liblz4-1',
  'liblzma5',
  'libopentracing-c-wrapper0',
  'libopentracing1',
  'libpcre2-8-0',
  'libssl3',
  'libstdc++6',
  'libsystemd0',
  'libzstd1',
];

/** What the image is made from, for its key. */
export function haproxyInputs(): Promise<string[]> {
  return packageInputs(PACKAGES);
}

/** Stands in for the official image: the program from Debian's package of the same version, where the official one has it. */
export async function haproxyImages(): Promise<Image[]> {
  const { directory: root } = await ensurePackages('haproxy', PACKAGES);
  const files = await withLibraries(root, ['/usr/sbin/haproxy'], labArchitecture());
  return [
    {
      name: 'docker.io/library/haproxy:2.6.12',
      layers: [
        {
          name: 'haproxy and its libraries from Debian',
          entries: [
            { path: 'etc/passwd', type: 'text', text: 'root:x:0:0:root:/:/\nhaproxy:x:99:99:haproxy:/var/lib/haproxy:/\n' },
            { path: 'etc/group', type: 'text', text: 'root:x:0:\nhaproxy:x:99:\n' },
            ...['lib', 'lib64'].map((path) => ({ path, type: 'symlink' as const, target: `usr/${path}` })),
            ...[...files].map(([path, source]) => ({
              path: path.replace('usr/sbin/', 'usr/local/sbin/'),
              type: 'file' as const,
              source,
            })),
          ],
        },
      ],
      command: ['haproxy', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
      user: 'haproxy',
    },
  ];
}
