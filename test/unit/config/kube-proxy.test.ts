import { describe, expect, test } from 'vitest';
import { aClusterFile, parseText, placesIn, thrownBy } from './cluster-files.js';

const kubeProxy = (fields: string): string => aClusterFile(`  network: { kubeProxy: { ${fields} } }`);

describe('the service proxy of a cluster file', () => {
  test.each(['rr', 'lc', 'dh', 'sh', 'sed', 'nq'])('takes the scheduler %s', (scheduler) => {
    const { spec, warnings } = parseText(
      kubeProxy(`mode: ipvs, ipvs: { scheduler: ${scheduler}, strictARP: true, excludeCIDRs: [192.0.2.0/24] }`),
    );
    expect(spec.network.kubeProxy).toMatchObject({ mode: 'ipvs', ipvs: { scheduler, strictARP: true, excludeCIDRs: ['192.0.2.0/24'] } });
    expect(warnings).toEqual([]);
  });

  test.each([
    ['mode: ipvs, ipvs: { scheduler: fair }', 'spec.network.kubeProxy.ipvs.scheduler'],
    ['mode: ipvs, ipvs: { excludeCIDRs: [192.0.2.1/24] }', 'spec.network.kubeProxy.ipvs.excludeCIDRs[0]'],
    ['mode: nftables', 'spec.network.kubeProxy.mode'],
  ])('%s is refused', (fields, place) => {
    expect(placesIn(thrownBy(() => parseText(kubeProxy(fields))))).toEqual([expect.stringContaining(place)]);
  });

  test('a scheduler among kube-proxy’s own fields is sent to the place where kbs sees it', () => {
    const error = thrownBy(() => parseText(kubeProxy('mode: ipvs, config: { ipvs: { scheduler: wlc } }')));
    expect(error.details).toEqual([expect.stringMatching(/config\.ipvs\.scheduler — .*set spec\.network\.kubeProxy\.ipvs\.scheduler/)]);
    expect(parseText(kubeProxy('mode: ipvs, config: { ipvs: { minSyncPeriod: 1s } }')).warnings).toEqual([]);
  });

  test('settings of IPVS with mode iptables are probably not meant', () => {
    expect(parseText(kubeProxy('ipvs: { scheduler: lc }')).warnings).toEqual([expect.stringContaining('spec.network.kubeProxy.ipvs')]);
  });
});
