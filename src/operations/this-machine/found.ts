import {
  discoverCluster,
  hasReadyNode,
  parseCaHashes,
  readJoinConfig,
  type DiscoveredCluster,
  type JoinConfig,
} from '../../discovery/index.js';
import { KbsError, toKbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { joinedProblem, nameTaken, type NodeSource } from '../../phases/index.js';
import { parseBootstrapToken, type BootstrapToken } from '../../pki/index.js';
import type { Secret } from '../../secret/index.js';
import { asPhase } from '../as-phase.js';
import { hideToken } from '../join-words.js';
import { parseJoinEndpoint } from './join-endpoint.js';
import type { JoinSettings } from './join-spec.js';
import type { ThisMachineRun } from './run.js';

/** `kbs join ENDPOINT` on this machine. */
export interface JoinHereOptions extends ThisMachineRun {
  readonly settings: JoinSettings;
  /** As typed: `HOST` or `HOST:PORT`. */
  readonly endpoint: string;
  readonly token: Secret;
  /** Of the uploaded certificates: this machine becomes a control plane. undefined: a worker. */
  readonly certificateKey: Secret | undefined;
  /** As typed; none only with {@link JoinHereOptions.skipCaVerification}. */
  readonly caHashes: readonly string[];
  readonly skipCaVerification: boolean;
}

/** @throws KbsError USAGE without any hash, unless that was asked for */
function wantedHashes({ caHashes, skipCaVerification }: JoinHereOptions): readonly string[] | 'any' {
  if (caHashes.length > 0) return parseCaHashes(caHashes);
  if (skipCaVerification) return 'any';
  throw new KbsError('USAGE', 'no hash of the cluster’s CA was given: any machine could pretend to be the cluster', {
    remedy: [
      'add --discovery-token-ca-cert-hash sha256:…   # kbs token create --print-join-command on a control plane shows it',
      'add --discovery-token-unsafe-skip-ca-verification where everybody who knows the token is trusted',
    ],
  });
}

/** A cluster that was found, and what it tells its new nodes. */
export interface Found {
  readonly cluster: DiscoveredCluster;
  readonly config: JoinConfig;
  readonly token: BootstrapToken;
}

const PHASE = 'discovery';

/** Finds the cluster and asks it what a node needs to know; nothing is changed. */
export async function discover(options: JoinHereOptions, name: string): Promise<Found> {
  const { bus, signal } = options;
  const token = parseBootstrapToken(options.token);
  hideToken(bus, token);
  const endpoint = parseJoinEndpoint(options.endpoint);
  const caHashes = wantedHashes(options);
  try {
    return await asPhase(bus, { phase: PHASE, title: 'Find the cluster', host: name }, async () => {
      const cluster = await discoverCluster({ endpoint, token, caHashes, signal });
      return { cluster, config: await readJoinConfig({ cluster, token, signal }), token };
    });
  } catch (error) {
    throw toKbsError(error, { phase: PHASE });
  }
}

/** A machine that is in the cluster already goes on where it stopped; any other one must bring a name of its own. */
export async function checkName(options: JoinHereOptions, host: Host, node: NodeSource, { cluster, token }: Found): Promise<void> {
  // Without root nothing can be seen of it; preflight says so.
  if (host.facts.privilegeProblem !== undefined) return;
  const { access } = await node.entry();
  const problem = await joinedProblem(host, { nodeName: host.name, access, now: () => new Date() });
  if (problem === undefined) return;
  if (await hasReadyNode({ cluster, token, signal: options.signal }, host.name)) throw nameTaken(host.name);
}
