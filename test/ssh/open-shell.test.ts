import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { sh, type Transport } from '../../src/host/index.js';
import { Secret } from '../../src/secret/index.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { asUser, aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();
/** The process a command was started by: the wrapper's parent. */
const STARTER = sh`ps -o ppid= -p $PPID`;

describe.skipIf(missing !== undefined)(`shells that stay open ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let transport: Transport;

  async function connected(config: readonly string[] = []): Promise<void> {
    sshd = await startSshd({ config });
    transport = aTransport(sshd);
    await transport.connect(never);
  }

  async function starter(stdin?: string): Promise<string> {
    return (await transport.exec(STARTER, asUser(stdin === undefined ? {} : { stdin }))).stdout.trim();
  }

  afterEach(async () => {
    await transport.close();
    await sshd.stop();
  });

  test('run one command after the other: those without input, and those with a few lines of it', async () => {
    await connected();
    const first = await starter();
    expect(await starter()).toBe(first);
    expect(await starter('a line\n')).toBe(first);
    expect(await starter('no line')).not.toBe(first);
    expect(await starter(`${'long'.repeat(5_000)}\n`)).not.toBe(first);
  });

  test('see no secret, which a shell may put into a file', async () => {
    await connected();
    const first = await starter();
    const other = await transport.exec(STARTER, asUser({ stdin: new Secret('secret\n') }));
    expect(other.stdout.trim()).not.toBe(first);
  });

  test.each([
    ['what a shell would read otherwise', '$HOME `id` $(id) \\ \\\\ "two" \'one\' !! # \u00e4\u4e2d\n\n\t  spaces  \nEOF\nexit 3\n'],
    ['an empty line', '\n'],
    ['as much as there may be', `${'x'.repeat(63)}\n`.repeat(256)],
  ])('give commands their lines as they are: %s', async (_what, stdin) => {
    await connected();
    const first = await starter();
    expect(await transport.exec(sh`cat; ps -o ppid= -p $PPID >&2`, asUser({ stdin }))).toMatchObject({
      stdout: stdin,
      stderr: expect.stringContaining(first) as string,
      exitCode: 0,
    });
    expect(await transport.exec(sh`true`, asUser({ stdin }))).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(await starter()).toBe(first);
  });

  test('leave no trace of one command in the next: folder, variables, settings and a killed shell of its own', async () => {
    await connected();
    const first = await starter();
    await transport.exec(sh`cd /tmp; left=behind; export left; set -e; umask 077; exec >/dev/null; kill -KILL $$`, asUser());
    const next = await transport.exec(sh`echo "$left $(umask)"; false; pwd`, asUser());
    expect(next.stdout).toMatch(/^ 0022\n\/(?!tmp)/);
    expect(await starter()).toBe(first);
  });

  test('print nothing of login scripts into the output of commands', async () => {
    await connected([`ForceCommand echo welcome; echo caution >&2; eval "$SSH_ORIGINAL_COMMAND"`]);
    expect(await transport.exec(sh`echo out; echo err >&2`, asUser())).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
  });

  test('that somebody ends are followed by others; the command in one of them is lost', async () => {
    await connected();
    const first = await starter();
    const running = transport.exec(sh`kill -KILL "$(ps -o ppid= -p $PPID | tr -d ' ')"; sleep 1`, asUser());
    await expect(running).rejects.toMatchObject({ code: 'SSH_LOST' });
    expect(await starter()).not.toBe(first);
    const other = await starter();
    await transport.exec(sh`kill -KILL ${other}`, asUser({ stdin: '' }));
    await sleep(200);
    expect(await starter()).not.toBe(other);
  });

  test('go on after a command that was too slow and was ended', async () => {
    await connected();
    await expect(transport.exec(sh`sleep 63.25 & sleep 63.25`, asUser({ timeoutMs: 1_000 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await transport.exec(sh`echo well`, asUser())).toMatchObject({ stdout: 'well\n', exitCode: 0 });
  });

  test.for([1, 2, 3])('give their place to others where a host allows %i sessions, also while one is about to end', async (most) => {
    await connected([`MaxSessions ${most}`, 'ForceCommand eval "$SSH_ORIGINAL_COMMAND"; sleep 0.2']);
    // Several connections: which of a connection's commands meets an ending session is left to chance.
    const others = Array.from({ length: 7 }, () => aTransport(sshd));
    const numbers = [0, 1, 2, 3, 4, 5];
    const said = [transport, ...others].map((each) =>
      Promise.all(numbers.map((n) => each.exec(sh`echo ${n}`, asUser(n % 2 === 0 ? {} : { stdin: 'input' })))),
    );
    const settled = await Promise.allSettled(said);
    await Promise.all(others.map((each) => each.close()));
    for (const result of settled) expect(result).toMatchObject({ status: 'fulfilled', value: numbers.map((n) => ({ stdout: `${n}\n` })) });
  });

  test('are told when a host opens none at all', async () => {
    await expect(connected(['MaxSessions 0']).then(() => starter())).rejects.toMatchObject({ code: 'SSH_UNREACHABLE' });
    const all = Array.from({ length: 4 }, () => starter());
    for (const { status } of await Promise.allSettled(all)) expect(status).toBe('rejected');
  });
});
