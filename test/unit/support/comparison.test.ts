import { describe, expect, test } from 'vitest';
import { ANYTHING, compareFacts, judge, toFacts, type Deviation } from '../../support/comparison/index.js';

const kubeadm = toFacts({ command: ['etcd', '--name=cp1', '--data-dir=/a'], volumes: [{ name: 'x', path: '/x' }], taints: [{ key: 'k' }] });
const kbs = toFacts({ command: ['etcd', '--data-dir=/b', '--name=cp1'], volumes: [{ name: 'x', path: '/x' }], labels: { extra: '1' } });
const differences = compareFacts(kubeadm, kbs);

describe('comparing what two clusters are made of', () => {
  test('flags and named items are compared by name, what one side lacks is one difference', () => {
    expect(differences).toEqual([
      { place: 'command › --data-dir', kubeadm: '/a', kbs: '/b' },
      { place: 'labels', kbs: { extra: '1' } },
      { place: 'taints', kubeadm: { '[0]': { key: 'k' } } },
    ]);
  });

  test('no difference is left when both are the same', () => {
    expect(
      compareFacts(
        kubeadm,
        toFacts(
          JSON.parse('{"taints":[{"key":"k"}],"volumes":[{"path":"/x","name":"x"}],"command":["etcd","--name=cp1","--data-dir=/a"]}'),
        ),
      ),
    ).toEqual([]);
  });

  const table: readonly Deviation[] = [
    { place: 'command › *', kubeadm: '/a', kbs: '/b', reason: 'both values are named' },
    { place: 'labels', kbs: ANYTHING, reason: 'kbs alone has it' },
    { place: 'ta**', kubeadm: ANYTHING, reason: 'kubeadm alone has it' },
  ];

  test('a table that names place and side of every difference explains all of them', () => {
    expect(judge(differences, table)).toEqual({ unexplained: [], stale: [] });
  });

  test('a difference with another value, on the other side or at another place stays unexplained', () => {
    const [first, second, third] = table;
    const wrong = [
      { ...first, place: first?.place ?? '', kbs: '/c', reason: '' },
      { place: second?.place ?? '', kubeadm: ANYTHING, reason: '' },
      { place: `${third?.place ?? ''} › key`, kubeadm: ANYTHING, reason: '' },
    ];
    expect(judge(differences, wrong)).toEqual({ unexplained: differences, stale: wrong.map(({ place }) => place) });
  });
});
