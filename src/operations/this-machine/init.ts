import { readFile } from 'node:fs/promises';
import { endpointOf } from '../../config/index.js';
import { hostPort, PATHS } from '../../constants/index.js';
import { KbsError, messageOf } from '../../errors/index.js';
import { bootstrapTokenPhase } from '../../phases/index.js';
import { caCertHash, createBootstrapToken, parseBootstrapToken } from '../../pki/index.js';
import type { Secret } from '../../secret/index.js';
import { CLUSTER_PHASES } from '../cluster-phases.js';
import { initCluster, type ConvergeResult } from '../converge.js';
import { hideToken, joinWords, type JoinWords } from '../join-words.js';
import { addressHere, nodeNameHere } from './address.js';
import { initSpec, type InitSettings } from './init-spec.js';
import { inputFor, type ThisMachineRun } from './run.js';

/** `kbs init` on this machine. */
export interface InitHereOptions extends ThisMachineRun {
  readonly settings: InitSettings;
  /** undefined: a new one is made. */
  readonly token: Secret | undefined;
  /** Milliseconds; undefined: it never expires. */
  readonly tokenTtlMs: number | undefined;
  /** The result names no token, and no command with it. */
  readonly skipTokenPrint: boolean;
}

/** What came of it: what `kbs init -f` tells, and how further machines join. */
export interface InitHereResult extends ConvergeResult {
  /** Absent in plans. */
  readonly join?: JoinWords;
}

const TOKEN_DESCRIPTION = 'Made by kbs init for the first nodes to join';
const ADDRESS_FLAG = '--apiserver-advertise-address';

async function readCaHash(): Promise<string> {
  try {
    return caCertHash(await readFile(PATHS.caCertificate, 'utf8'));
  } catch (cause) {
    if (cause instanceof KbsError) throw cause;
    throw new KbsError('FILE_READ', `cannot read ${PATHS.caCertificate}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Makes this machine a control plane with the phases of `kbs init -f`, then a bootstrap token for the machines to come.
 * @throws KbsError USAGE, CONFIG_INVALID, PREFLIGHT_FAILED and whatever the phases throw
 */
export async function initThisMachine(options: InitHereOptions): Promise<InitHereResult> {
  const { settings, mode } = options;
  const token = options.token === undefined ? createBootstrapToken() : parseBootstrapToken(options.token);
  hideToken(options.bus, token);
  const machine = {
    name: nodeNameHere(settings.nodeName),
    address: settings.advertiseAddress ?? (await addressHere(ADDRESS_FLAG)),
  };
  const { spec, warnings } = await initSpec(settings, machine);
  options.onCluster(spec.name);
  for (const message of warnings) options.bus.emit({ type: 'warning', message });
  const input = inputFor(options, spec);
  const tokenPhase = bootstrapTokenPhase({ token, ttlMs: options.tokenTtlMs, description: TOKEN_DESCRIPTION });
  const result = await initCluster(input, mode, [...CLUSTER_PHASES, tokenPhase]);
  if (mode === 'plan') return result;
  const { host, port } = endpointOf(spec);
  const endpoint = hostPort(host, port);
  const caHashes = [await readCaHash()];
  const join = options.skipTokenPrint ? { endpoint, caCertHashes: caHashes } : joinWords({ endpoint, caHashes, token });
  return { ...result, join };
}
