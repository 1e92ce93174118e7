import type { Host } from '../../host/index.js';
import type { KernelAbility, KernelModule } from '../../steps/index.js';

/** A TCP port a component will listen on. */
export interface PortNeed {
  readonly port: number;
  /** What will listen, as users call it. */
  readonly component: string;
  /** Name of its process in /proc/PID/comm (15 characters): kbs's own component may hold the port on a second run. */
  readonly process: string;
}

/** Free space wanted below a path. */
export interface DiskNeed {
  readonly path: string;
  readonly sizeBytes: number;
  readonly purpose: string;
}

/** What the control-plane endpoint asks of one host. */
export interface EndpointNeed {
  readonly provider: 'external' | 'kube-vip' | 'keepalived' | 'local-lb';
  /** Where the kubelet will look for the API. */
  readonly host: string;
  readonly port: number;
  /** This host may come to hold the virtual address. */
  readonly holdsAddress: boolean;
  /** Interface that the file names for it. */
  readonly interface: string | undefined;
  /** Files kbs will write and that another could have written before. */
  readonly files: readonly string[];
}

/** What the pod network asks of one host. */
export interface NetworkNeed {
  /** `flannel with backend host-gw`. */
  readonly title: string;
  /** Bytes that encapsulation takes of every packet. */
  readonly overheadBytes: number;
  /** MTU of pods as the file says; undefined: worked out from the link. */
  readonly mtu: number | undefined;
  /** What other hosts have to reach: `8472/udp`. */
  readonly opening: string;
  /** How the file names the interface; undefined: by the host's address. */
  readonly choice: string | undefined;
  /** undefined: none is as the file says. */
  readonly link: { readonly name: string; readonly mtu: number } | undefined;
  /** Links of the other hosts, as far as these are known. */
  readonly otherLinks: readonly { readonly host: string; readonly mtu: number }[];
  /** Addresses of the other hosts that no router may be in front of. */
  readonly neighbours: readonly string[];
}

/** What a runtime class asks of one host. */
export interface SandboxNeed {
  /** As in the cluster file. */
  readonly className: string;
  /** As people call it. */
  readonly title: string;
  /** Its shim gives itself a negative oom_score_adj. */
  readonly lowersOomScore: boolean;
  /** undefined: those of every node. */
  readonly architectures: readonly string[] | undefined;
  /** Character devices. */
  readonly devices: readonly string[];
  /** Words among the flags of /proc/cpuinfo, of which the CPU must have one. */
  readonly anyCpuFlag: readonly string[];
  /** What to do about devices and flags. */
  readonly cure: string;
}

/** What the cluster file asks of one host; derived once, so that checks stay small. */
export interface PreflightInput {
  readonly nodeName: string;
  /** `address` of the cluster file. */
  readonly address: string;
  /** false for a host of etcd. */
  readonly isNode: boolean;
  readonly isControlPlane: boolean;
  readonly runsEtcd: boolean;
  readonly ports: readonly PortNeed[];
  readonly disks: readonly DiskNeed[];
  /** Each line: one ability, had by any of the modules. */
  readonly kernelNeeds: readonly { readonly purpose: string; readonly anyOf: readonly KernelModule[] }[];
  /** Commands it needs besides those of every node. */
  readonly furtherCommands: readonly string[];
  /** Runtime classes it is to have. */
  readonly sandboxes: readonly SandboxNeed[];
  /** kbs turns swap off, or the kubelet was told to live with it. */
  readonly maySwap: boolean;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  /** Units of a container runtime from the distribution, which are welcome when they are there already. */
  readonly welcomeUnits: readonly string[];
  /** The container runtime: socket of the kubelet, packages that it cannot share a host with, whether it comes from packages. */
  readonly runtime: {
    readonly title: string;
    readonly unit: string;
    readonly criSocket: string;
    readonly conflicts: readonly string[];
    readonly isPackaged: boolean;
    /** A program that makes the packages unnecessary. */
    readonly sparedBy: string | undefined;
    /** Files of another installation that it would read with its own; patterns of the shell. */
    readonly leftovers: readonly string[];
    /** Where it keeps its data. */
    readonly stateDir: string;
  };
  readonly etcdDataDir: string;
  /** undefined: a single control plane that is its own endpoint. */
  readonly endpoint: EndpointNeed | undefined;
  /** undefined: no pod network of kbs's own, or no node. */
  readonly podNetwork: NetworkNeed | undefined;
  /** The file sets eviction thresholds, so the kubelet's defaults do not count. */
  readonly hasOwnEvictionThresholds: boolean;
}

/** Who listens on a port. */
export interface Listener {
  readonly port: number;
  readonly pid: number | undefined;
  /** /proc/PID/comm. */
  readonly process: string | undefined;
}

/** Space on the file system that holds a path. */
export interface DiskSpace {
  /** Mounted device: needs on the same one add up. */
  readonly device: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What the host's facts do not tell; read in one round trip right before the checks. */
export interface Findings {
  /** kbs's journal is there: what looks like a leftover is kbs's own work of an earlier run. */
  readonly isManaged: boolean;
  readonly uid: number;
  readonly listeners: readonly Listener[];
  /** Files and folders of another installation. */
  readonly leftoverPaths: readonly string[];
  /** Units of Kubernetes distributions and container runtimes that exist. */
  readonly units: readonly string[];
  /** CRI socket of a kubelet that is set up here already. */
  readonly criSocket: string | undefined;
  /** Those of the packages looked for that are installed. */
  readonly packages: readonly string[];
  /** The runtime's own folder holds something. */
  readonly hasRuntimeData: boolean;
  /** Hosts that a router is in front of: `10.0.1.11 10.0.0.1`, address and router. */
  readonly routedHosts: readonly string[];
  /** Interfaces that pod networks make. */
  readonly leftoverLinks: readonly string[];
  readonly missingCommands: ReadonlySet<string>;
  /** Devices of {@link SandboxNeed.devices} that are not there or cannot be opened. */
  readonly missingDevices: ReadonlySet<string>;
  /** Those of {@link SandboxNeed.anyCpuFlag} that the CPU has not. */
  readonly missingCpuFlags: ReadonlySet<string>;
  readonly readOnlyFolders: readonly string[];
  readonly disks: ReadonlyMap<string, DiskSpace>;
  /** Active firewalls: `ufw`, `firewalld`. */
  readonly firewalls: readonly string[];
  readonly isSelinuxEnforcing: boolean;
  /** undefined: there is no /etc/resolv.conf. */
  readonly nameservers: readonly string[] | undefined;
  readonly abilities: ReadonlyMap<string, KernelAbility>;
  /** Files of {@link EndpointNeed.files} that somebody else has written. */
  readonly foreignFiles: readonly string[];
  /** The name of the endpoint has no address on this host. */
  readonly isEndpointUnknown: boolean;
  /** Something answers at the virtual address. */
  readonly isAddressAnswered: boolean;
}

/** What a check looks at. */
export interface CheckSubject {
  readonly host: Host;
  readonly input: PreflightInput;
  readonly findings: Findings;
  /** The cluster's other hosts, for what must be unique. */
  readonly others: readonly Host[];
  /** The run gives nodes another runtime where the cluster file says so. */
  readonly mayChangeRuntime: boolean;
}

/** One preflight check. Several entries may share a name with different levels; `--ignore-preflight` means all of them. */
export interface PreflightCheck {
  /** CamelCase and stable: users type it. */
  readonly name: string;
  readonly level: 'error' | 'warning';
  appliesTo(input: PreflightInput): boolean;
  /** What was seen and the cure, as `seen — cure`; undefined when all is well. */
  run(subject: CheckSubject): string | undefined;
}
