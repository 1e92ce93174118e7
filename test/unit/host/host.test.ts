import { describe, expect, test } from 'vitest';
import { KbsError } from '../../../src/errors/index.js';
import { createHost, Secret, sh, type Host } from '../../../src/host/index.js';
import { fakeTransport, type FakeAnswer, type FakeTransport } from '../../support/fake-transport.js';

const never = new AbortController().signal;
const FACTS = '@@kbs-fact clock\n1795228929775123456\n@@kbs-fact hostname\nw1\n@@kbs-fact end\n';

async function aHost(...rules: readonly (readonly [string | RegExp, FakeAnswer])[]): Promise<{ host: Host; transport: FakeTransport }> {
  const transport = fakeTransport([[/kbs-fact/, FACTS], ...rules]);
  const host = await createHost({ name: 'w1', address: '10.0.0.21', roles: ['worker'], transport, signal: never });
  transport.ran.length = transport.inputs.length = transport.options.length = 0;
  return { host, transport };
}

describe('a host', () => {
  test('has frozen facts, clock skew among them', async () => {
    const { host } = await aHost();
    expect(host.facts.hostname).toBe('w1');
    expect(Math.abs(host.facts.clockSkewMs - (1795228929775 - Date.now()))).toBeLessThan(5_000);
    expect(Object.isFrozen(host.facts) && Object.isFrozen(host.facts.os)).toBe(true);
  });

  test('gives facts in one command', async () => {
    const transport = fakeTransport([[/kbs-fact/, FACTS]]);
    await createHost({ name: 'w1', address: '10.0.0.21', roles: ['worker'], transport, signal: never });
    expect(transport.ran).toHaveLength(1);
  });

  test('runs commands as root and takes off the last newline only', async () => {
    const { host, transport } = await aHost(['cat /x', ' a\n\nb\n\n']);
    expect(await host.run(sh`cat /x`)).toBe(' a\n\nb\n');
    expect(transport.options).toMatchObject([{ privileged: true, timeoutMs: 60_000 }]);
  });

  test('a failed command tells what ran, how it ended and its last words', async () => {
    const stderr = Array.from({ length: 40 }, (_, n) => `line ${n}\n`).join('');
    const { host } = await aHost(['apt-get update', { exitCode: 100, stderr }]);
    await expect(host.run(sh`apt-get update`)).rejects.toMatchObject({
      code: 'REMOTE_COMMAND',
      message: '`apt-get update` failed with exit code 100',
      where: { host: 'w1' },
      details: expect.arrayContaining(['line 20', 'line 39']) as unknown,
    });
  });

  test('a check knows yes, no and failure apart, and may be repeated', async () => {
    const { host, transport } = await aHost(['yes', ''], ['no', { exitCode: 1 }], ['odd', { exitCode: 2 }]);
    expect(await host.check(sh`yes`)).toBe(true);
    expect(await host.check(sh`no`)).toBe(false);
    await expect(host.check(sh`odd`)).rejects.toMatchObject({ code: 'REMOTE_COMMAND' });
    expect(transport.options.every((options) => options.retryOnLoss)).toBe(true);
  });

  test('errors of the transport get the name of the host', async () => {
    const { host } = await aHost(['true', new KbsError('SSH_LOST', 'gone')]);
    await expect(host.run(sh`true`)).rejects.toMatchObject({ code: 'SSH_LOST', where: { host: 'w1' } });
  });

  test('secrets reach the input of a write, never its command', async () => {
    const { host, transport } = await aHost([/mktemp/, '']);
    await host.files.writeAtomic('/etc/kubernetes/pki/sa.key', new Secret('hunter2'), { mode: 0o600 });
    expect(transport.inputs).toEqual(['hunter2']);
    expect(transport.ran[0]).not.toContain('hunter2');
  });

  test('a path that cannot be read is an error, not an absent file', async () => {
    const { host } = await aHost([/^stat/, { exitCode: 1, stderr: "stat: cannot statx '/x': Input/output error\n" }]);
    await expect(host.files.stat(['/x'])).rejects.toMatchObject({ code: 'FILE_READ', where: { host: 'w1' } });
  });

  test('asks for nothing when there is nothing to ask for', async () => {
    const { host, transport } = await aHost();
    expect((await host.files.stat([])).size + (await host.files.sha256([])).size).toBe(0);
    await host.files.remove([]);
    await host.journal.record([]);
    expect(transport.ran).toEqual([]);
  });

  test('a unit that does not start says why', async () => {
    const { host } = await aHost(
      ['systemctl start -- kubelet.service', { exitCode: 1, stderr: 'Job for kubelet.service failed.\n' }],
      [/^journalctl/, 'kubelet: swap is on\n'],
    );
    await expect(host.units.start('kubelet.service')).rejects.toMatchObject({
      code: 'REMOTE_COMMAND',
      details: ['Job for kubelet.service failed.', 'kubelet: swap is on'],
    });
  });
});

describe('the journal of a host', () => {
  test('is read once, and a thing that is in it is not noted again', async () => {
    const { host, transport } = await aHost(
      [/^if \[ -e .*journal\.jsonl/, '{"kind":"module","name":"br_netfilter"}\n'],
      [/journal=\$directory/, ''],
    );
    await Promise.all([
      host.journal.record([
        { kind: 'module', name: 'br_netfilter' },
        { kind: 'module', name: 'overlay' },
      ]),
      host.journal.record([{ kind: 'module', name: 'overlay' }]),
    ]);
    await host.journal.record([{ kind: 'module', name: 'overlay' }]);
    expect(transport.inputs.filter((input) => input !== '')).toEqual(['{"kind":"module","name":"overlay"}\n']);
    expect(transport.ran).toHaveLength(2);
    expect(await host.journal.entries()).toHaveLength(2);
  });

  test('what is to be noted while a write is on its way goes together in the next one', async () => {
    const module = (name: string) => [{ kind: 'module', name }] as const;
    const others: Promise<void>[] = [];
    const { host, transport } = await aHost(
      [/^if \[ -e .*journal\.jsonl/, ''],
      [
        /journal=\$directory/,
        () => {
          if (others.length === 0) others.push(host.journal.record(module('b')), host.journal.record(module('c')));
          return '';
        },
      ],
    );
    await host.journal.record(module('a'));
    await Promise.all(others);
    const noted = (name: string): string => `${JSON.stringify({ kind: 'module', name })}\n`;
    expect(transport.inputs.filter((input) => input !== '')).toEqual([noted('a'), noted('b') + noted('c')]);
    expect(await host.journal.entries()).toEqual([...module('a'), ...module('b'), ...module('c')]);
  });

  test('after a write that failed the file is read again, and the entry is noted by the next call', async () => {
    let writes = 0;
    const { host } = await aHost(
      [/^if \[ -e .*journal\.jsonl/, ''],
      [/journal=\$directory/, () => ({ exitCode: (writes += 1) === 1 ? 1 : 0, stderr: 'disk full\n' })],
    );
    const entries = [{ kind: 'swap', device: '/dev/sda2' }] as const;
    await expect(host.journal.record(entries)).rejects.toMatchObject({ code: 'FILE_WRITE', details: ['disk full'] });
    await host.journal.record(entries);
    expect(writes).toBe(2);
  });
});
