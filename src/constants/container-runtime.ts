/** Container runtimes kbs can set up. */
export const RUNTIME_TYPES = ['containerd'] as const;

/** A container runtime, as the cluster file names it. */
export type RuntimeType = (typeof RUNTIME_TYPES)[number];

/** Where its programs come from: official releases, or the distribution. */
export type RuntimeInstall = 'artifact' | 'package';

/** What a host's container runtime is to be. */
export interface RuntimeChoice {
  readonly type: RuntimeType;
  readonly install: RuntimeInstall;
}

/** The part of a cluster file that decides on the container runtime of its hosts. */
export interface RuntimeRequest {
  readonly containerRuntime: RuntimeChoice;
  readonly hosts?: readonly { readonly name: string; readonly containerRuntime?: RuntimeChoice | undefined }[];
}

/**
 * The container runtime of a host: its own word, else the cluster's.
 * @param name undefined, or of no host in the file: the cluster's
 */
export function runtimeChoice({ containerRuntime, hosts = [] }: RuntimeRequest, name?: string): RuntimeChoice {
  const { type, install } = hosts.find((host) => host.name === name)?.containerRuntime ?? containerRuntime;
  return { type, install };
}
