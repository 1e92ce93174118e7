import { describe, expect, test } from 'vitest';
import { bootstrapTokenPhase } from '../../../../src/phases/index.js';
import { nodeAnnotationStep, nodeReadyStep } from '../../../../src/phases/join-node/node-steps.js';
import { parseBootstrapToken } from '../../../../src/pki/index.js';
import type { KubeApi, KubeObject } from '../../../../src/kube/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';
import { memoryKube } from '../../../support/memory-kube.js';

const SOCKET_KEY = 'kubeadm.alpha.kubernetes.io/cri-socket';
const token = parseBootstrapToken('abcdef.0123456789abcdef');
const now = new Date('2026-11-21T10:00:00Z');

function node(conditions: readonly { readonly type: string; readonly status: string; readonly message?: string }[] = []): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' }, status: { conditions } };
}

/** A cluster in memory whose objects take annotations by merge patches. */
function patchableKube() {
  const kube = memoryKube();
  const api: KubeApi = {
    ...kube.api,
    async patch(ref, _type, patch) {
      const live = await kube.api.read(ref);
      if (live === undefined) throw new Error(`no ${ref.name}`);
      const { metadata } = patch as Pick<KubeObject, 'metadata'>;
      const changed = { ...live, metadata: { ...live.metadata, ...metadata } };
      kube.put(changed);
      return changed;
    },
  };
  return {
    objects: kube.objects,
    put: (object: KubeObject) => kube.put(object),
    connect: async () => api,
    tryConnect: async () => api,
    close: async () => undefined,
  };
}

describe('a node that has joined', () => {
  test('is annotated with its CRI socket once it is registered', async () => {
    const kube = patchableKube();
    const prepared = await nodeAnnotationStep({ kube, spec: aClusterSpec() }, { name: 'w1' }).prepare(memoryHost(), stepContext());
    expect(prepared.plan.change).toBe('create');
    setTimeout(() => kube.put(node()), 50);
    await prepared.apply();
    expect(kube.objects.get('Node w1')?.metadata.annotations?.[SOCKET_KEY]).toContain('containerd.sock');
    const again = await nodeAnnotationStep({ kube, spec: aClusterSpec() }, { name: 'w1' }).prepare(memoryHost(), stepContext());
    expect(again.plan).toEqual({ change: 'none' });
  });

  test('is waited for until it is Ready', async () => {
    const kube = memoryKube();
    kube.put(node([{ type: 'Ready', status: 'False', message: 'no network' }]));
    const prepared = await nodeReadyStep({ kube, spec: aClusterSpec() }).prepare(memoryHost(), stepContext());
    const done = prepared.check?.();
    setTimeout(() => kube.put(node([{ type: 'Ready', status: 'True' }])), 50);
    await expect(done).resolves.toBeUndefined();
  });
});

describe('a bootstrap token that is made', () => {
  async function prepare(kube = memoryKube(), ttlMs: number | undefined = 3_600_000) {
    const phase = bootstrapTokenPhase({ token, ttlMs, description: 'for a test' });
    const [step] = await phase.steps({ kube, now: () => now }, memoryHost());
    if (step === undefined) throw new Error('no step');
    return step.prepare(memoryHost(), stepContext());
  }

  function signing() {
    const kube = memoryKube();
    kube.onChange = (change) => {
      const metadata = { name: 'cluster-info', namespace: 'kube-public' };
      const data = { kubeconfig: 'x', 'jws-kubeconfig-abcdef': 'y' };
      if (change.startsWith('apply Secret')) kube.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    };
    return kube;
  }

  test('is a Secret that ends with its time, and no plan shows it', async () => {
    const kube = signing();
    const prepared = await prepare(kube);
    expect(prepared.plan).toMatchObject({ change: 'create', summary: 'make bootstrap token abcdef' });
    await prepared.apply();
    const data = kube.objects.get('Secret kube-system/bootstrap-token-abcdef')?.['data'] as Record<string, string>;
    expect(Buffer.from(data['expiration'] ?? '', 'base64').toString()).toBe('2026-11-21T11:00:00Z');
    expect(Buffer.from(data['token-secret'] ?? '', 'base64').toString()).toBe('0123456789abcdef');
  });

  test('is left alone while it is good, and made anew when it has expired', async () => {
    const kube = signing();
    await (await prepare(kube)).apply();
    expect((await prepare(kube)).plan).toEqual({ change: 'none' });
    const secret = kube.objects.get('Secret kube-system/bootstrap-token-abcdef');
    const expiration = Buffer.from('2026-11-21T09:59:59Z').toString('base64');
    if (secret !== undefined) kube.put({ ...secret, data: { ...(secret['data'] as object), expiration } });
    expect((await prepare(kube)).plan).toMatchObject({ change: 'create' });
  });

  test('is planned without an API', async () => {
    const kube = memoryKube();
    kube.isUp = false;
    expect((await prepare(kube)).plan).toMatchObject({ change: 'create' });
  });
});
