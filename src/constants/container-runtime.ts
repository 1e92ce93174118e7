/** Container runtimes kbs can set up. */
export const RUNTIME_TYPES = ['containerd', 'cri-o', 'docker'] as const;

/** A container runtime, as the cluster file names it. */
export type RuntimeType = (typeof RUNTIME_TYPES)[number];

/** Where its programs come from: official releases, or the distribution. */
export type RuntimeInstall = 'artifact' | 'package';

/** What a host's container runtime is to be. */
export interface RuntimeChoice {
  readonly type: RuntimeType;
  readonly install: RuntimeInstall;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
}

/** A runtime as it is asked for: what is left out depends on the type. */
export interface RuntimeWish {
  readonly type: RuntimeType;
  readonly install?: RuntimeInstall | undefined;
}

/** The part of a cluster file that decides on the container runtime of its hosts. */
export interface RuntimeRequest {
  readonly containerRuntime: RuntimeWish & Pick<RuntimeChoice, 'cgroupDriver'>;
  /** Where images come from: what the releases' owners serve is pulled by the runtime itself. */
  readonly artifacts?: { readonly source: 'upstream' | 'mirror' | 'bundle' } | undefined;
  /** Sandboxes besides it. */
  readonly runtimeClasses?: readonly string[] | undefined;
  readonly hosts?:
    | readonly {
        readonly name: string;
        readonly roles: readonly string[];
        readonly containerRuntime?: RuntimeWish | undefined;
      }[]
    | undefined;
}

/** Where a runtime's programs come from when nobody says; of Docker Engine there is no official archive with a published digest. */
export function usualInstall(type: RuntimeType): RuntimeInstall {
  return type === 'docker' ? 'package' : 'artifact';
}

/**
 * The container runtime of a host: its own word, else the cluster's.
 * @param name undefined, or of no host in the file: the cluster's
 */
export function runtimeChoice({ containerRuntime, hosts = [] }: RuntimeRequest, name?: string): RuntimeChoice {
  const { type, install } = hosts.find((host) => host.name === name)?.containerRuntime ?? containerRuntime;
  return { type, install: install ?? usualInstall(type), cgroupDriver: containerRuntime.cgroupDriver };
}

/** What the nodes of a cluster have, the cluster's own first; each once. */
export function runtimeChoices(request: RuntimeRequest): readonly RuntimeChoice[] {
  const nodes = (request.hosts ?? []).filter(({ roles }) => !roles.includes('etcd'));
  const all = [runtimeChoice(request), ...nodes.map(({ name }) => runtimeChoice(request, name))];
  const used = nodes.length === 0 ? all : all.slice(1);
  return [...new Map(used.map((choice) => [`${choice.type} ${choice.install}`, choice])).values()];
}
