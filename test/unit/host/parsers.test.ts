import { describe, expect, test } from 'vitest';
import { parseDigests, parseStats, unexpectedComplaints } from '../../../src/host/files-parse.js';
import { formatJournal, parseJournal } from '../../../src/host/journal-lines.js';
import { parseProbe } from '../../../src/host/privilege.js';
import { parseUnitState } from '../../../src/host/units-parse.js';
import type { JournalEntry } from '../../../src/host/index.js';

describe('stat', () => {
  test('tells type, permission bits, owner and change time in milliseconds', () => {
    const output =
      '1795228929.775 81ed 12 root root /usr/bin/a b\n1795228929.001 41c0 4096 core users /d\n1.000 a1ff 3 root root /l\n1.000 c1ff 0 root root /s\n';
    const stats = parseStats(['/usr/bin/a b', '/d', '/l', '/s', '/gone'], output);
    expect(stats.get('/usr/bin/a b')).toEqual({
      type: 'file',
      mode: 0o755,
      owner: 'root',
      group: 'root',
      sizeBytes: 12,
      ctimeMs: 1795228929775,
    });
    expect(stats.get('/d')).toMatchObject({ type: 'directory', mode: 0o700, owner: 'core', group: 'users' });
    expect(stats.get('/l')?.type).toBe('link');
    expect(stats.get('/s')?.type).toBe('other');
    expect(stats.get('/gone')).toBeUndefined();
    expect(stats.has('/gone')).toBe(true);
  });

  test('keeps the sticky and set-user-id bits', () => {
    expect(parseStats(['/tmp'], '1.000 43ff 0 root root /tmp').get('/tmp')?.mode).toBe(0o1777);
  });

  test('complains of anything but paths that are not there', () => {
    const stderr =
      "stat: cannot statx '/a': No such file or directory\nstat: cannot statx '/b/c': Not a directory\nstat: cannot statx '/d': Input/output error\n";
    expect(unexpectedComplaints(stderr)).toEqual(["stat: cannot statx '/d': Input/output error"]);
  });
});

test('digests are read as sha256sum and openssl print them, escaped names included', () => {
  const [one, two] = ['a'.repeat(64), 'b'.repeat(64)];
  const digests = parseDigests(['/x y', '/back\\slash', '/gone'], `${one}  /x y\n\\${two} */back\\\\slash\n`);
  expect([...digests]).toEqual([
    ['/x y', one],
    ['/back\\slash', two],
    ['/gone', undefined],
  ]);
});

describe('units', () => {
  const show = (properties: Record<string, string>): string =>
    Object.entries({
      LoadState: 'loaded',
      UnitFileState: 'enabled',
      ActiveState: 'active',
      MainPID: '42',
      NeedDaemonReload: 'no',
      ...properties,
    })
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');

  test('the start of the main process is exact to the millisecond where systemd prints microseconds', () => {
    const state = parseUnitState(show({ ExecMainStartTimestamp: 'Sat 2026-11-21 02:25:48.123456 UTC' }));
    expect(state).toEqual({ enabled: 'enabled', active: 'active', startedMs: Date.UTC(2026, 10, 21, 2, 25, 48, 123), needsReload: false });
  });

  test('older systemd: the monotonic clock adds the milliseconds to the whole second', () => {
    const startMs = Date.UTC(2026, 10, 21, 2, 25, 48, 700);
    const nowNs = BigInt(startMs + 60_000) * 1_000_000n;
    const text = show({
      ExecMainStartTimestamp: 'Sat 2026-11-21 02:25:48 UTC',
      ExecMainStartTimestampMonotonic: '5000000',
      Clocks: `${nowNs} 65.00 120.00`,
    });
    expect(parseUnitState(text).startedMs).toBe(startMs);
  });

  test('older systemd: when the clock was set since, the printed second holds', () => {
    const startMs = Date.UTC(2026, 10, 21, 2, 25, 48);
    const nowNs = BigInt(startMs + 3_600_000) * 1_000_000n;
    const text = show({
      ExecMainStartTimestamp: 'Sat 2026-11-21 02:25:48 UTC',
      ExecMainStartTimestampMonotonic: '5000000',
      Clocks: `${nowNs} 65.00 120.00`,
    });
    expect(parseUnitState(text).startedMs).toBe(startMs);
  });

  test('a unit that does not run has no start, one that does not exist is not-found', () => {
    const gone = show({ LoadState: 'not-found', UnitFileState: '', ActiveState: 'inactive', MainPID: '0', ExecMainStartTimestamp: 'n/a' });
    expect(parseUnitState(gone)).toEqual({ enabled: 'not-found', active: 'inactive', startedMs: undefined, needsReload: false });
    expect(parseUnitState(show({ MainPID: '0', ActiveState: 'failed', NeedDaemonReload: 'yes' }))).toMatchObject({
      active: 'failed',
      startedMs: undefined,
      needsReload: true,
    });
  });
});

describe('the journal', () => {
  const entries: readonly JournalEntry[] = [
    { kind: 'path', path: '/etc/hosts', was: 'file' },
    { kind: 'note', name: 'odd', value: 'a}\nb' },
  ];

  test('is read as it was written', () => {
    expect(parseJournal(formatJournal(entries))).toEqual(entries);
  });

  test('of several entries about one thing the first counts; a path and a tree are two things', () => {
    const text = formatJournal([
      { kind: 'path', path: '/a', was: 'absent' },
      { kind: 'path', path: '/a', was: 'file' },
      { kind: 'tree', path: '/a', was: 'directory' },
    ]);
    expect(parseJournal(text)).toEqual([
      { kind: 'path', path: '/a', was: 'absent' },
      { kind: 'tree', path: '/a', was: 'directory' },
    ]);
  });

  test.each(['{"kind":"path","pa', '{"kind":"note","name":"x","value":"a}', '\0\0\0\0'])(
    'a line that a crash cut off is left out (%j)',
    (torn) => {
      expect(parseJournal(formatJournal(entries) + torn)).toEqual(entries);
      expect(parseJournal(`${torn}\n${formatJournal(entries)}`)).toEqual(entries);
    },
  );

  test('a whole line of a kind nobody knows is an error: it must not be lost in a reset', () => {
    expect(() => parseJournal('{"kind":"firewall"}\n')).toThrow(expect.objectContaining({ code: 'FILE_READ' }) as Error);
  });
});

describe('the first look at a host', () => {
  test('tells how to become root, with noise of login scripts around', () => {
    expect(parseProbe('hello\nkbs-quotes kept\nkbs-uid 1000\nkbs-user core\nkbs-timeout yes\nkbs-sudo works\n')).toEqual({
      uid: 1000,
      user: 'core',
      keepsQuotes: true,
      hasTimeout: true,
      sudo: 'works',
      sudoMessage: '',
    });
    expect(parseProbe('kbs-uid 1000\nkbs-user core\nkbs-sudo refused\nkbs-said sudo: a password is required\n')).toMatchObject({
      keepsQuotes: false,
      hasTimeout: false,
      sudo: 'refused',
      sudoMessage: 'sudo: a password is required',
    });
  });

  test('a login that runs no commands is an error with what it said', () => {
    expect(() => parseProbe('This account is currently not available.\n')).toThrow(
      expect.objectContaining({ code: 'REMOTE_COMMAND', details: ['This account is currently not available.', ''] }) as Error,
    );
  });
});
