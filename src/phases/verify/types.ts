import type { Host, HttpAnswer } from '../../host/index.js';
import type { KubeApi } from '../../kube/index.js';
import type { ClusterState, ProbePod } from '../proof/index.js';

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
  /** From the host's own view, over the connection kbs has to it: no program is needed there. Never throws. */
  http(request: HostRequest): Promise<HttpAnswer>;
}

/** Pods that are on every node. */
export interface NodePods {
  /** netexec: answers with its name, and dials others when it is asked. */
  readonly probes: readonly ProbePod[];
  /** Serves its own files: name, resolv.conf. Holds the host port. */
  readonly peers: readonly ProbePod[];
}

/** Addresses of the services made for the verification. */
export interface StageServices {
  readonly clusterIp: string;
  readonly stickyIp: string;
  readonly nodePort: number;
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
  /** The pods on every node; waits for them. @throws KbsError WAIT_TIMEOUT */
  pods(): Promise<NodePods>;
  services(): Promise<StageServices>;
  /** Nodes and system pods as they are now; rows that look at the same time look together. */
  clusterState(): Promise<ClusterState>;
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
