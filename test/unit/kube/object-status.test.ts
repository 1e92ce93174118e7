import { expect, test } from 'vitest';
import { internalAddress, isReady, type KubeObject } from '../../../src/kube/index.js';

function aNode(status: Record<string, unknown> | undefined): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' }, ...(status === undefined ? {} : { status }) };
}

test('only what says Ready of itself is Ready', () => {
  const saying = (type: string, status: string): KubeObject => aNode({ conditions: [{ type, status }] });
  expect(isReady(saying('Ready', 'True'))).toBe(true);
  expect(isReady(saying('Ready', 'Unknown'))).toBe(false);
  expect(isReady(saying('MemoryPressure', 'True'))).toBe(false);
  expect(isReady(aNode(undefined))).toBe(false);
  expect(isReady(undefined)).toBe(false);
});

test('the address of a node is its first internal one', () => {
  const addresses = [
    { type: 'Hostname', address: 'w1' },
    { type: 'InternalIP', address: '10.0.0.21' },
    { type: 'InternalIP', address: 'fd00::21' },
  ];
  expect(internalAddress(aNode({ addresses }))).toBe('10.0.0.21');
  expect(internalAddress(aNode({ addresses: [] }))).toBeUndefined();
  expect(internalAddress(undefined)).toBeUndefined();
});
