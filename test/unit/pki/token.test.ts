import { describe, expect, test } from 'vitest';
import { createBootstrapToken, createCertificateKey, parseBootstrapToken } from '../../../src/pki/index.js';

describe('bootstrap tokens', () => {
  test('have kubeadm’s format, and their halves belong together', () => {
    const { id, secret, token } = createBootstrapToken();
    expect(token.reveal()).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(token.reveal()).toBe(`${id}.${secret.reveal()}`);
  });

  test('use every character about equally often', () => {
    const text = Array.from({ length: 2000 }, () => createBootstrapToken().token.reveal().replace('.', '')).join('');
    const counts = new Map<string, number>();
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    const expected = text.length / 36;
    // Bytes taken modulo 36 without rejection would give a to d an eighth more; chance stays far below 7 %.
    expect(counts.size).toBe(36);
    const early = ['a', 'b', 'c', 'd'].reduce((sum, character) => sum + (counts.get(character) ?? 0), 0);
    expect(Math.abs(early / (4 * expected) - 1)).toBeLessThan(0.07);
  });

  test('are taken apart, and never shown', () => {
    const token = parseBootstrapToken('abcdef.0123456789abcdef');
    expect(token.id).toBe('abcdef');
    expect(token.secret.reveal()).toBe('0123456789abcdef');
    expect(JSON.stringify(token)).toBe('{"id":"abcdef","secret":"***","token":"***"}');
  });

  test.each(['abcdef', 'abcdef.0123456789ABCDEF', 'abcdef.0123456789abcdef0', ' abcdef.0123456789abcdef', 'abcde.0123456789abcdef'])(
    'of another format are refused without being shown: %s',
    (text) => {
      expect(() => parseBootstrapToken(text)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining(text) as string }),
      );
    },
  );
});

test('a certificate key is 32 random bytes in hex', () => {
  expect(createCertificateKey().reveal()).toMatch(/^[0-9a-f]{64}$/);
  expect(createCertificateKey().reveal()).not.toBe(createCertificateKey().reveal());
});
