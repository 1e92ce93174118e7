import { endpointOf, serviceAddress } from '../../config/index.js';
import type { RunContext } from '../context.js';
import type { StageCluster } from './types.js';

/** Settings of a cluster that checks compare with. @throws KbsError PKI_INVALID and whatever reading the authorities throws */
export async function stageCluster({ spec, pki }: Pick<RunContext, 'spec' | 'pki'>): Promise<StageCluster> {
  const { ca } = await pki.shared();
  return {
    dnsDomain: spec.network.dnsDomain,
    dnsAddress: serviceAddress(spec, 10),
    apiServiceAddress: serviceAddress(spec, 1),
    endpoint: endpointOf(spec),
    ca: ca.certificate,
  };
}
