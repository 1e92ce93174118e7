import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { loadBalancerHealth, parseHaproxyStats } from '../../../../src/phases/endpoint/haproxy-stats.js';
import { endpointOfHost } from '../../../../src/phases/endpoint/health.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { dialingHost } from '../../../support/dialing-host.js';
import type { MemoryHostOptions } from '../../../support/memory-host.js';

const HEADER = '# pxname,svname,qcur,status,weight,check_status,check_code,last_chk,';

/** Rows as haproxy 2.6 writes them, with the fields between left out. */
function stats(...rows: readonly string[]): string {
  return [
    HEADER,
    'kube-apiserver,FRONTEND,,OPEN,,,,,',
    ...rows,
    'kube-apiserver,BACKEND,0,UP,1,,,,',
    'health,FRONTEND,,OPEN,,,,,',
    '',
  ].join('\n');
}

describe('what a load balancer says of the API servers', () => {
  test('is each server by its name, with what its last check found', () => {
    const csv = stats(
      'kube-apiserver,cp1,0,UP,1,L7OK,200,OK,',
      'kube-apiserver,cp2,0,DOWN,1,* L4CON,,Connection refused,',
      'kube-apiserver,cp3,0,DOWN 1/2,1,L7STS,500,"HTTP status check, Internal Server Error",',
      'kube-apiserver,cp4,0,MAINT,1,,,,',
    );
    expect(parseHaproxyStats(csv)).toEqual([
      { name: 'cp1', up: true },
      { name: 'cp2', up: false, problem: 'refuses connections' },
      { name: 'cp3', up: false, problem: '/readyz does not say 200' },
      { name: 'cp4', up: false, problem: 'MAINT' },
    ]);
  });

  test('counts a server as up until enough checks have failed', () => {
    expect(parseHaproxyStats(stats('kube-apiserver,cp1,0,UP 1/2,1,L4TOUT,,,'))).toEqual([{ name: 'cp1', up: true }]);
  });

  test('is nothing when the page is another one', () => {
    expect(parseHaproxyStats('<html>\n<body>kube-apiserver</body>\n')).toEqual([]);
  });
});

/** Asks with a page at the place of haproxy's health; undefined: nobody listens. */
async function asked<T>(
  page: { readonly status: number; readonly body: string } | undefined,
  ask: (host: ReturnType<typeof dialingHost>) => Promise<T>,
  options: MemoryHostOptions = {},
): Promise<T> {
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    response.writeHead(page?.status ?? 0).end(page?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  if (page === undefined) await new Promise((resolve) => server.close(resolve));
  try {
    return await ask(dialingHost({ port, ...options }));
  } finally {
    server.close();
    if (page !== undefined) expect(paths).toContain('/stats;csv');
  }
}

describe('the load balancer of a host', () => {
  test('tells what it sees', async () => {
    const page = { status: 200, body: stats('kube-apiserver,cp1,0,UP,1,L7OK,200,OK,') };
    expect(await asked(page, loadBalancerHealth)).toEqual({ apiServers: [{ name: 'cp1', up: true }] });
  });

  test('that does not answer, or knows no such page, is a problem and no error', async () => {
    expect(await asked(undefined, loadBalancerHealth)).toEqual({
      apiServers: [],
      problem: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(await asked({ status: 503, body: 'no' }, loadBalancerHealth)).toEqual({
      apiServers: [],
      problem: 'it does not tell which API servers it sees (503)',
    });
  });
});

describe('the endpoint as a node sees it', () => {
  const page = { status: 200, body: stats('kube-apiserver,cp1,0,UP,1,L7OK,200,OK,') };
  const keepalived = aClusterSpec({
    controlPlanes: 3,
    spec: { controlPlaneEndpoint: { provider: 'keepalived', host: '10.0.0.9', port: 8443 } },
  });
  const localLb = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint: { provider: 'local-lb' } } });
  const external = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint: { host: '10.0.0.9' } } });

  test('with keepalived: who holds the address, whether it could come here, and what haproxy sees', async () => {
    const holder = { name: 'cp1', facts: { addresses: ['10.0.0.11', '10.0.0.9'] }, units: { 'keepalived.service': { active: 'active' } } };
    const seen = await asked(page, (host) => endpointOfHost(keepalived, host, 'no CA'), holder);
    expect(seen).toMatchObject({
      host: 'cp1',
      answers: false,
      problem: expect.any(String) as string,
      virtualAddress: { held: true },
      loadBalancer: { apiServers: [{ name: 'cp1', up: true }] },
    });
    const stopped = { name: 'cp2', facts: { addresses: ['10.0.0.12'] }, units: { 'keepalived.service': { active: 'failed' } } };
    expect(await asked(page, (host) => endpointOfHost(keepalived, host, 'no CA'), stopped)).toMatchObject({
      virtualAddress: { held: false, problem: 'keepalived is failed' },
    });
  });

  test('with local-lb a load balancer is asked on workers only, with others nowhere', async () => {
    const worker: MemoryHostOptions = { name: 'w1', roles: ['worker'] };
    expect(await asked(page, (host) => endpointOfHost(localLb, host, 'no CA'), worker)).toMatchObject({
      loadBalancer: { apiServers: [{ name: 'cp1', up: true }] },
    });
    const control = await asked(undefined, (host) => endpointOfHost(localLb, host, 'no CA'), { name: 'cp1' });
    const outside = await asked(undefined, (host) => endpointOfHost(external, host, 'no CA'), worker);
    for (const seen of [control, outside]) expect(Object.keys(seen).sort()).toEqual(['answers', 'host', 'problem']);
  });
});
