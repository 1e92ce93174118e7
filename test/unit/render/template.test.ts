import { describe, expect, test } from 'vitest';
import { renderTemplate } from '../../../src/render/template.js';
import { renderScheduler } from '../../../src/render/index.js';

describe('a template', () => {
  test('is not filled in when the input lacks a field', () => {
    expect(() => renderTemplate('kubelet.service', {})).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  test('of YAML is refused when the result is none', () => {
    // A field without the helper that quotes: what a careless template would let through.
    const input = { serviceAccountDir: 'a: b: c', server: 'https://a:6443' };
    expect(() => renderTemplate('kube-proxy-kubeconfig.yaml', input)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  test('does not escape as HTML does', () => {
    expect(renderTemplate('kubelet.service', { binary: '/opt/a&b/<kubelet>' })).toContain('ExecStart=/opt/a&b/<kubelet>\n');
  });
});

test('a flag’s value stays a value, whatever is in it', () => {
  const text = renderScheduler({
    image: 'registry.k8s.io/kube-scheduler:v1.25.16',
    advertiseAddress: '192.0.2.11',
    extraArgs: { 'log-file': '/tmp/x\n    securityContext: {privileged: true}' },
    extraVolumes: [],
  });
  expect(text).toContain('    - "--log-file=/tmp/x\\n    securityContext: {privileged: true}"\n');
});
