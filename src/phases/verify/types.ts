import type { Host, HttpAnswer } from '../../host/index.js';
import type { KubeApi } from '../../kube/index.js';
import type { ClusterState } from './readiness.js';

/** quick: the ways packets and names must go; full: everything a cluster does for its users. */
export type VerifyProfile = 'quick' | 'full';

/** One thing a verification looked at. */
export interface VerifyRow {
  /** Which check it belongs to: `pod to pod`, `stateful set`. */
  readonly check: string;
  /** Who reaches what: `w1 → w2 pod`, `w1 → cluster DNS short name`; or what was done. Names the broken part when it is red. */
  readonly edge: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  /** How long it took until it was so, or until it was given up. */
  readonly ms: number;
  /** What was seen; why it was skipped. */
  readonly detail: string;
}

/** An HTTP request made from a host. */
export interface HostRequest {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** PEM: makes it HTTPS. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A host of the verification: what is asked of it. */
export interface VerifyHost extends Pick<Host, 'name' | 'address' | 'roles' | 'run'> {
  /** Whether this run has a connection to it. Without one its pods are asked through the API, and it itself can be asked nothing. */
  readonly isConnected: boolean;
  /** From the host's own view, over the connection kbs has to it: no program is needed there. Never throws. */
  http(request: HostRequest): Promise<HttpAnswer>;
}

/** A pod of the verification that answers. */
export interface ProbePod {
  readonly node: string;
  readonly name: string;
  readonly ip: string;
}

/** Services made for the verification; the quick profile has `probe` only. */
export type StageServiceName = 'probe' | 'sticky' | 'node-port';

/** Where a service is reached. */
export interface StageService {
  readonly ip: string;
  readonly nodePort: number;
}

/** How long things may take; milliseconds. */
export interface Patience {
  /** Nodes, what runs on each of them, and the system's pods. */
  readonly systemMs: number;
  /** Pods of the verification on every node. */
  readonly podsMs: number;
  /** What ought to work at once. */
  readonly edgeMs: number;
  /** What goes through a service: its rules have to get everywhere. */
  readonly serviceMs: number;
  readonly nameMs: number;
}

/** Cluster settings that checks compare with. */
export interface StageCluster {
  /** `cluster.local` */
  readonly dnsDomain: string;
  /** Address of the name server's service. */
  readonly dnsAddress: string;
  /** Address of the API's service. */
  readonly apiServiceAddress: string;
  readonly endpoint: { readonly host: string; readonly port: number };
  /** PEM of the cluster's authority. */
  readonly ca: string;
}

/** What checks work with. */
export interface Stage {
  readonly api: KubeApi;
  readonly namespace: string;
  /** Label value that marks everything of this run: the namespace's own name. */
  readonly run: string;
  readonly image: string;
  readonly cluster: StageCluster;
  readonly hosts: readonly VerifyHost[];
  readonly signal: AbortSignal;
  /** When the whole run has to be over, as performance.now() counts. */
  readonly deadlineMs: number;
  readonly patience: Patience;
  /** Times that every wait is longer than usual: 1, or more in a cluster that is known to be slow. */
  readonly slack: number;
  /** Everything is made that checks of the profile use in common. @throws KbsError WAIT_TIMEOUT when nodes that come up get no network */
  open(): Promise<void>;
  /** On every node a netexec: answers with its name, and dials others when it is asked. @throws NoPods */
  probes(): Promise<readonly ProbePod[]>;
  /** On every node a pod that serves its own files, name and resolv.conf, and holds the host port; in the full profile only. @throws NoPods */
  peers(): Promise<readonly ProbePod[]>;
  service(name: StageServiceName): Promise<StageService>;
  /** Nodes and system pods as they are now; rows that look at the same time look together. */
  clusterState(): Promise<ClusterState>;
  /** Waits until every pod of the system is ready. @returns how many there are @throws KbsError WAIT_TIMEOUT */
  systemPods(): Promise<number>;
  /** Names may be asked for: a name server that does not know one yet would remember so for half a minute. Never throws for a wait in vain. */
  namesServed(): Promise<void>;
}

/** A family of rows. */
export interface Check {
  /** Stands in every row of it. */
  readonly name: string;
  readonly title: string;
  /** The smallest profile it is part of. */
  readonly profile: VerifyProfile;
  /** What was thrown counts as one failed row of the check. */
  run(stage: Stage): Promise<readonly VerifyRow[]>;
}
