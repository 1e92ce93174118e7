import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rolledManifestsStep } from '../../../../src/phases/control-plane/rolled-manifests-step.js';
import type { PkiSource } from '../../../../src/phases/context.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { aMember, memoryEtcd, type MemoryEtcd } from '../../../support/memory-etcd.js';
import { stepContext, memoryHost, type MemoryHost } from '../../../support/memory-host.js';

const ETCD = '/etc/kubernetes/manifests/etcd.yaml';
const API_SERVER = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const SCHEDULER = '/etc/kubernetes/manifests/kube-scheduler.yaml';
const NOBODY: PkiSource = {
  shared: () => Promise.reject(new Error('the API server is waited for')),
  isNew: () => Promise.resolve(false),
  externalEtcd: () => Promise.reject(new Error('not asked for')),
};

/** A line for each process, as the host tells it. */
function processLine(program: string, pid: number, words: readonly string[]): string {
  return `${program} ${pid} ${words.map((word) => `${word}\u001F`).join('')}\n`;
}

/** @param running what each look at the processes sees; the last one stays */
function controlPlane(files: Readonly<Record<string, { content: string; mode: number }>>, running: readonly string[] = ['']): MemoryHost {
  let looks = 0;
  return memoryHost({
    ...{ name: 'cp2', address: '10.0.0.12', roles: ['control-plane'], files },
    answers: [['/proc/', () => running[Math.min(looks++, running.length - 1)] ?? '']],
  });
}

/** A manifest of a program with these words on its command line. */
function manifest(...command: readonly string[]): string {
  return JSON.stringify({ spec: { containers: [{ name: 'c', command }] } });
}

function prepare(
  host: MemoryHost,
  etcd: MemoryEtcd,
  wanted: { readonly etcd: string; readonly apiServer: string; readonly scheduler?: string },
  context = stepContext(),
) {
  const slice = { spec: aClusterSpec({ controlPlanes: 3 }), pki: NOBODY, etcd };
  const files = [
    { path: ETCD, content: wanted.etcd, mode: 0o600 },
    { path: API_SERVER, content: wanted.apiServer, mode: 0o600 },
    { path: SCHEDULER, content: wanted.scheduler ?? 'c: 1\n', mode: 0o600 },
  ];
  return rolledManifestsStep(slice, files, { id: 'control-plane-changes/manifests' }).prepare(host, context);
}

const three = (): MemoryEtcd => memoryEtcd(aMember('cp1', 11), aMember('cp2', 12), aMember('cp3', 13));

describe('static pods that change one control plane after the other', () => {
  test('those that are not there yet are none of it', async () => {
    const { plan } = await prepare(controlPlane({}), three(), { etcd: 'a: 1\n', apiServer: 'b: 1\n' });
    expect(plan).toEqual({ change: 'none' });
  });

  test('a member that the others cannot do without is not restarted, and nothing is written', async () => {
    const host = controlPlane({ [ETCD]: { content: 'a: 1\n', mode: 0o600 }, [API_SERVER]: { content: 'b: 1\n', mode: 0o600 } });
    const etcd = three();
    etcd.sick.add(aMember('cp1', 11).id);
    const prepared = await prepare(host, etcd, { etcd: 'a: 2\n', apiServer: 'b: 1\n' });
    expect(prepared.plan).toMatchObject({ change: 'update', summary: `change ${ETCD}` });
    await expect(prepared.apply()).rejects.toMatchObject({ code: 'ETCD_QUORUM' });
    expect(host.changes).toEqual([]);
  });

  test('what is only written differently restarts nothing, and nothing is waited for', async () => {
    const host = controlPlane({ [ETCD]: { content: '{"a": 1}', mode: 0o600 }, [API_SERVER]: { content: 'b: 1\n', mode: 0o600 } });
    const prepared = await prepare(host, three(), { etcd: 'a: 1\n', apiServer: 'b: 1\n' });
    await prepared.apply();
    expect(host.changes).toEqual([`write ${ETCD}`]);
  });

  test('processes that run as their manifests say are left alone, an ended one beside them too', async () => {
    const [etcd, apiServer] = [manifest('etcd', '--name=cp2'), manifest('kube-apiserver', '--v=2')];
    const host = controlPlane({ [ETCD]: { content: etcd, mode: 0o600 }, [API_SERVER]: { content: apiServer, mode: 0o600 } }, [
      processLine('etcd', 11, ['etcd', '--name=cp2']) +
        processLine('kube-apiserver', 12, ['kube-apiserver', '--v=1']) +
        processLine('kube-apiserver', 13, ['kube-apiserver', '--v=2']) +
        processLine('etcd', 14, []),
    ]);
    expect((await prepare(host, three(), { etcd, apiServer })).plan).toEqual({ change: 'none' });
  });

  test('one that does not run is nobody’s former process, and what the kubelet fills in cannot be compared', async () => {
    const [etcd, apiServer] = [manifest('etcd', '--name=cp2'), manifest('kube-apiserver', '--address=$(IP)')];
    const host = controlPlane({ [ETCD]: { content: etcd, mode: 0o600 }, [API_SERVER]: { content: apiServer, mode: 0o600 } }, [
      processLine('kube-apiserver', 13, ['kube-apiserver', '--address=10.0.0.12']),
    ]);
    expect((await prepare(host, three(), { etcd, apiServer })).plan).toEqual({ change: 'none' });
  });

  test('a run that was cut off before a changed manifest came into effect is continued: the former process is waited for', async () => {
    const [etcd, apiServer] = [manifest('etcd', '--name=cp2'), manifest('kube-apiserver', '--v=2')];
    const former = processLine('kube-apiserver', 12, ['kube-apiserver', '--v=1']);
    const host = controlPlane({ [ETCD]: { content: etcd, mode: 0o600 }, [API_SERVER]: { content: apiServer, mode: 0o600 } }, [
      former,
      '',
      processLine('kube-apiserver', 19, ['kube-apiserver', '--v=2']),
    ]);
    const prepared = await prepare(host, three(), { etcd, apiServer });
    expect(prepared.plan).toEqual({
      change: 'update',
      summary: "start kube-apiserver anew: it runs with other settings than its manifest's",
    });
    await expect(prepared.apply()).rejects.toThrow('the API server is waited for');
    expect(host.ran).toHaveLength(3);
    expect(host.changes).toEqual([]);
  });

  test('a member of etcd that runs with former settings is not restarted either while the others cannot do without it', async () => {
    const wanted = manifest('etcd', '--name=cp2');
    const host = controlPlane({ [ETCD]: { content: wanted, mode: 0o600 } }, [processLine('etcd', 11, ['etcd', '--name=other'])]);
    const etcd = three();
    etcd.sick.add(aMember('cp1', 11).id);
    await expect((await prepare(host, etcd, { etcd: wanted, apiServer: 'b: 1\n' })).apply()).rejects.toMatchObject({ code: 'ETCD_QUORUM' });
  });

  describe('a manifest the kubelet has overlooked', () => {
    // Pauses stay as they are: only what the clock says is moved on.
    beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
    afterEach(() => void vi.useRealTimers());

    test('comes into effect by a restart of the kubelet, once and not too early, and that is told', async () => {
      const apiServer = manifest('kube-apiserver', '--v=2');
      const context = stepContext();
      const scheduler = manifest('kube-scheduler', '--v=2');
      let isStarted = false;
      const running = (name: string): [number, string[]] => (isStarted ? [19, [name, '--v=2']] : [12, [name, '--v=1']]);
      const host: MemoryHost = memoryHost({
        ...{ name: 'cp2', address: '10.0.0.12', roles: ['control-plane'], units: { 'kubelet.service': {} } },
        files: { [API_SERVER]: { content: apiServer, mode: 0o600 }, [SCHEDULER]: { content: scheduler, mode: 0o600 } },
        answers: [['/proc/', () => ['kube-apiserver', 'kube-scheduler'].map((name) => processLine(name, ...running(name))).join('')]],
      });
      const looksAgain = async (): Promise<void> => {
        const before = host.ran.length;
        await vi.waitFor(() => expect(host.ran.length).toBeGreaterThan(before + 1), { timeout: 5_000 });
      };
      const prepared = await prepare(host, three(), { etcd: 'a: 1\n', apiServer, scheduler }, context);
      const applied = expect(prepared.apply()).rejects.toThrow('the API server is waited for');
      await looksAgain();
      vi.advanceTimersByTime(70_000);
      await looksAgain();
      expect(host.changes).toEqual([]);
      vi.advanceTimersByTime(10_000);
      await looksAgain();
      vi.advanceTimersByTime(10_000);
      await looksAgain();
      expect(host.changes).toEqual(['unit restart kubelet.service']);
      expect(context.warnings).toEqual(
        ['kube-apiserver', 'kube-scheduler'].map(
          (program) => `the kubelet of cp2 has overlooked a changed manifest of ${program}: it is restarted`,
        ),
      );
      isStarted = true;
      await applied;
    });
  });
});
