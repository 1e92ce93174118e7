import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterFileJsonSchema, renderClusterFile, renderConfigReference } from '../../../src/config/index.js';
import { fixturePath, parseText } from './cluster-files.js';

const TEMPLATE = {
  name: 'demo',
  kubernetesVersion: 'v1.25.16',
  controlPlanes: ['10.0.0.11'],
  workers: ['10.0.0.21', '10.0.0.22'],
  sshUser: 'core',
};

function compiled(): ValidateFunction {
  return new Ajv2020({ strict: false, validateFormats: false }).compile(clusterFileJsonSchema());
}

describe('the JSON Schema', () => {
  test('that is shipped is current (else: node bin/run.js config schema > schemas/cluster.schema.json)', () => {
    const shipped: unknown = JSON.parse(readFileSync(new URL('../../../schemas/cluster.schema.json', import.meta.url), 'utf8'));
    expect(shipped).toEqual(JSON.parse(JSON.stringify(clusterFileJsonSchema())));
  });

  test('is draft 2020-12 and takes what kbs takes', () => {
    expect(clusterFileJsonSchema().$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    const validate = compiled();
    for (const name of ['valid-shortest', 'valid-everything']) {
      expect(validate(parse(readFileSync(fixturePath(name), 'utf8'))), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  test('refuses unknown keys and wrong types', () => {
    const validate = compiled();
    for (const name of ['invalid-unknown-key', 'invalid-wrong-types']) {
      expect(validate(parse(readFileSync(fixturePath(name), 'utf8')))).toBe(false);
    }
  });
});

describe('the file of `kbs config init`', () => {
  test('is valid and says what was asked for', () => {
    const { spec, warnings } = parseText(renderClusterFile(TEMPLATE));
    expect(warnings).toEqual([]);
    expect(spec).toMatchObject({ name: 'demo', ssh: { user: 'core' } });
    expect(spec.hosts.map((host) => [host.name, host.address, host.roles])).toEqual([
      ['cp1', '10.0.0.11', ['control-plane']],
      ['w1', '10.0.0.21', ['worker']],
      ['w2', '10.0.0.22', ['worker']],
    ]);
  });

  test('has an endpoint when one is given', () => {
    const controlPlanes = ['10.0.0.11', '10.0.0.12', '10.0.0.13'];
    const { spec } = parseText(renderClusterFile({ ...TEMPLATE, controlPlanes, endpoint: { host: 'k8s.example.org', port: 8443 } }));
    expect(spec.controlPlaneEndpoint).toMatchObject({ host: 'k8s.example.org', port: 8443 });
  });

  test('has comments whose fields are valid too', () => {
    const uncommented = renderClusterFile({ ...TEMPLATE, workers: [] }).replace(/^( *)# (?=[a-z-]+[:{ ] ?[{a-z~0-9])/gm, '$1');
    const fields = uncommented.split('\n').filter((line) => !line.trim().startsWith('#'));
    expect(parseText(fields.join('\n')).spec.artifacts.source).toBe('bundle');
  });

  test('quotes what YAML would take for something else', () => {
    expect(parseText(renderClusterFile({ ...TEMPLATE, name: '12345', sshUser: 'null' })).spec).toMatchObject({
      name: '12345',
      ssh: { user: 'null' },
    });
  });
});

test('the reference has a row with type, default and meaning for every field', () => {
  const rows = renderConfigReference().trimEnd().split('\n').slice(2);
  expect(rows).toContain('| `spec.network.podSubnet` | text | `"10.244.0.0/16"` | Addresses of pods; each node takes a /24 of it |');
  expect(rows).toContain(
    '| `spec.hosts[].address` | text | **required** | IPv4 address the other hosts reach it by: advertise address and node IP |',
  );
  expect(rows.filter((row) => / \| +\|$/.test(row))).toEqual([]);
  expect(new Set(rows.map((row) => row.split('|')[1])).size).toBe(rows.length);
});
