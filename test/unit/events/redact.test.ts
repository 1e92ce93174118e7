import { expect, test } from 'vitest';
import { createEventBus, type KbsEvent } from '../../../src/events/index.js';
import { Secret } from '../../../src/secret/index.js';

function aBus() {
  const bus = createEventBus({ run: 'r1', now: () => Date.UTC(2026, 10, 21, 10, 15) });
  const events: KbsEvent[] = [];
  bus.subscribe((event) => events.push(event));
  return { bus, events };
}

test('a known secret is hidden wherever an event carries it', () => {
  const { bus, events } = aBus();
  bus.hide(new Secret('abcdef.0123456789abcdef'));
  bus.emit({ type: 'warning', message: 'token abcdef.0123456789abcdef was refused', remedy: ['kbs join --token abcdef.0123456789abcdef'] });
  expect(JSON.stringify(events)).not.toContain('0123456789abcdef');
  expect(events[0]).toMatchObject({ message: 'token *** was refused', remedy: ['kbs join --token ***'] });
});

test('a key of several lines is hidden line by line, but not the PEM fences everybody may see', () => {
  const { bus, events } = aBus();
  bus.hide(new Secret('-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq0c2VjcmV0\n-----END RSA PRIVATE KEY-----\n'));
  const line = { type: 'step.output', phase: 'pki', host: 'cp1', step: 'ca', stream: 'stdout' } as const;
  bus.emit({ ...line, line: '  MIIEowIBAAKCAQEA7bq0c2VjcmV0' });
  bus.emit({ ...line, line: '-----BEGIN RSA PRIVATE KEY-----' });
  expect(events).toMatchObject([{ line: '  ***' }, { line: '-----BEGIN RSA PRIVATE KEY-----' }]);
});

test('characters with a meaning in patterns are taken literally, and a longer secret wins over its beginning', () => {
  const { bus } = aBus();
  bus.hide(new Secret('pa$$w.rd'));
  bus.hide(new Secret('pa$$w.rd(2)'));
  expect(bus.redact('a pa$$w.rd(2) b pa$$w.rd c paXXwXrd')).toBe('a *** b *** c paXXwXrd');
});

test('without secrets an event is passed on as it is', () => {
  const { bus } = aBus();
  const value = { list: ['a'] };
  expect(bus.redact(value)).toBe(value);
});

test('words too short to be secrets stay', () => {
  const { bus } = aBus();
  bus.hide(new Secret('root'));
  expect(bus.redact('chown root /etc/kbs')).toBe('chown root /etc/kbs');
});

test('a sink that has left hears nothing more', () => {
  const { bus, events } = aBus();
  const heard: KbsEvent[] = [];
  const leave = bus.subscribe((event) => heard.push(event));
  bus.emit({ type: 'warning', message: 'one' });
  leave();
  bus.emit({ type: 'warning', message: 'two' });
  expect([events.length, heard.length]).toEqual([2, 1]);
  expect(heard[0]).toMatchObject({ v: 1, run: 'r1', at: '2026-11-21T10:15:00.000Z' });
});
