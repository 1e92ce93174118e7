/** What kbs knows of a machine; read once after connecting, then frozen. */
export interface HostFacts {
  readonly hostname: string;
  /** Why nothing can be run as root there; undefined when it can. Facts only root can read are then missing. */
  readonly privilegeProblem: string | undefined;
  /** Artifact architecture names: `amd64`, `arm64`; anything else as `uname -m` says. */
  readonly architecture: string;
  readonly kernelRelease: string;
  readonly os: { readonly id: string; readonly versionId: string; readonly prettyName: string; readonly idLike: readonly string[] };
  /** Name of process 1, e.g. `systemd`. */
  readonly init: string;
  readonly systemdVersion: number | undefined;
  readonly cgroupVersion: 'v1' | 'v2';
  /** cgroup controllers that are there. */
  readonly cgroupControllers: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly machineId: string;
  readonly productUuid: string | undefined;
  /** Global unicast addresses of all interfaces, without prefix length. */
  readonly addresses: readonly string[];
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string;
    readonly mtu: number;
    readonly addresses: readonly string[];
  }[];
  /** Remote clock minus local clock, in milliseconds, as good as the round trip allows. */
  readonly clockSkewMs: number;
  readonly swaps: readonly { readonly device: string; readonly type: string; readonly sizeKiB: number }[];
  /** Whether PID 1's bounding set has CAP_SYS_RESOURCE; without it no negative oom_score_adj can be set. */
  readonly hasCapSysResource: boolean;
  /** Whether systemd-resolved is the active resolver. */
  readonly usesSystemdResolved: boolean;
  /** Folders of /etc/ssl-like trust stores that exist, as kubeadm looks for them. */
  readonly trustStoreDirectories: readonly string[];
  /** Free bytes on the file system that holds each of these paths. */
  readonly freeBytes: Readonly<Record<string, number>>;
  readonly packageManager: 'apt' | 'dnf' | 'yum' | 'zypper' | undefined;
}
