import { LabError } from '../lab-error.js';

/** What a processor architecture is called by its different users. */
export interface Architecture {
  /** Go, Kubernetes and image registries. */
  readonly name: 'amd64' | 'arm64';
  /** The directory of Debian's shared libraries. */
  readonly triplet: string;
  /** The dynamic loader, as it stands in every program. */
  readonly loader: string;
}

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, Architecture>> = {
  x64: { name: 'amd64', triplet: 'x86_64-linux-gnu', loader: '/lib64/ld-linux-x86-64.so.2' },
  arm64: { name: 'arm64', triplet: 'aarch64-linux-gnu', loader: '/lib/ld-linux-aarch64.so.1' },
};

/** The architecture of this machine: the lab's hosts share its kernel and processor. @throws LabError for any other than two. */
export function labArchitecture(): Architecture {
  const found = ARCHITECTURES[process.arch];
  if (found === undefined)
    throw new LabError(`no lab for processors of type ${process.arch}`, 'use a machine with an amd64 or arm64 processor');
  return found;
}
