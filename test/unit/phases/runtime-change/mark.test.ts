import { describe, expect, test } from 'vitest';
import { inOrder } from '../../../../src/phases/runtime-change/change.js';
import { lookAtRuntime, nextChange, parseMark, readMark, writeMark, type ChangeMark } from '../../../../src/phases/runtime-change/mark.js';
import { memoryHost } from '../../../support/memory-host.js';

const LEAVING: ChangeMark = { from: ['docker'], to: 'containerd', stage: 'leave', wasOpen: true };

describe('what has to be done with a host', () => {
  test.each([
    ['nothing, where its runtime is the wanted one', undefined, 'docker', 'docker', undefined],
    ['nothing, where it is no node yet', undefined, undefined, 'docker', undefined],
    ['everything, where it has another one', undefined, 'docker', 'containerd', { from: ['docker'], to: 'containerd', stage: 'drain' }],
    ['to go on, where a run was cut off', LEAVING, 'docker', 'containerd', { from: ['docker'], to: 'containerd', stage: 'leave' }],
    [
      'to end it, where the new runtime was coming already',
      { ...LEAVING, stage: 'install' },
      'containerd',
      'containerd',
      { from: ['docker'], to: 'containerd', stage: 'install' },
    ],
    [
      'only to open it again, where the file was changed back while pods were leaving',
      { ...LEAVING, stage: 'drain' },
      'docker',
      'docker',
      { from: [], to: 'docker', stage: 'install' },
    ],
    [
      'to take away both, where the file was changed back between the two',
      LEAVING,
      'docker',
      'docker',
      { from: ['docker', 'containerd'], to: 'docker', stage: 'leave' },
    ],
    [
      'to take away the new one, where the file was changed back when that was coming',
      { ...LEAVING, stage: 'install' },
      'containerd',
      'docker',
      { from: ['containerd'], to: 'docker', stage: 'leave' },
    ],
  ] as const)('is %s', (_what, mark, current, wanted, next) => {
    expect(nextChange(mark, current, wanted)).toEqual(next);
  });
});

describe('the mark on a host', () => {
  test('is read as it was written', async () => {
    const host = memoryHost({ files: { '/etc/kbs/': {} } });
    await writeMark(host, LEAVING);
    expect(await readMark(host)).toEqual(LEAVING);
    expect(host.fs.get('/etc/kbs/runtime-change.json')?.mode).toBe(0o600);
  });

  test('is none when it says nothing kbs knows', () => {
    expect(parseMark('')).toBeUndefined();
    expect(parseMark('{"from":["rkt"],"to":"containerd","stage":"leave"}')).toBeUndefined();
    expect(parseMark('{"from":["docker"],"to":"containerd","stage":"later"}')).toBeUndefined();
  });

  test('is looked at together with the socket of the kubelet', async () => {
    const answer = `socket unix:///run/cri-dockerd.sock\nmark ${JSON.stringify(LEAVING)}`;
    const host = memoryHost({ answers: [['container-runtime-endpoint', answer]] });
    expect(await lookAtRuntime(host)).toEqual({ criSocket: 'unix:///run/cri-dockerd.sock', mark: LEAVING });
    expect(host.changes).toEqual([]);
  });
});

describe('the order of hosts', () => {
  const change = (name: string, role: 'control-plane' | 'worker', mark?: ChangeMark) => ({
    host: memoryHost({ name, roles: [role] }),
    mark,
  });

  test('is workers first, then control planes, each as in the file', () => {
    const changes = [change('cp1', 'control-plane'), change('w1', 'worker'), change('cp2', 'control-plane'), change('w2', 'worker')];
    expect(inOrder(changes).map(({ host }) => host.name)).toEqual(['w1', 'w2', 'cp1', 'cp2']);
  });

  test('begins with the host that an earlier run has left between two runtimes', () => {
    const changes = [change('w1', 'worker'), change('cp1', 'control-plane', LEAVING)];
    expect(inOrder(changes).map(({ host }) => host.name)).toEqual(['cp1', 'w1']);
  });
});
