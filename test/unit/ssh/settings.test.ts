import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfigText } from '../../../src/ssh/config-file.js';
import { judgeHostKey, keysOf, knownHostName, parseKnownHosts } from '../../../src/ssh/known-hosts.js';
import { commandLine } from '../../../src/ssh/quote.js';
import { describeTarget, parseProxyJump, resolveSettings, type SettingsSources } from '../../../src/ssh/settings.js';

const sources = (configText = '', env: SettingsSources['env'] = {}): SettingsSources => ({
  configText,
  homeDirectory: '/home/me',
  env,
  platform: 'linux',
});

describe('settings', () => {
  test('have defaults for everything', () => {
    expect(resolveSettings({ address: '10.0.0.11' }, sources())).toEqual({
      host: '10.0.0.11',
      port: 22,
      user: 'root',
      identityFiles: [],
      defaultIdentityFiles: ['/home/me/.ssh/id_ed25519', '/home/me/.ssh/id_ecdsa', '/home/me/.ssh/id_rsa'],
      identitiesOnly: false,
      agent: undefined,
      knownHostsFiles: ['/home/me/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'],
      connectTimeoutMs: 20_000,
      via: undefined,
    });
  });

  test('come from the cluster file first, then from ~/.ssh/config', () => {
    const config =
      'Host 10.0.0.*\n  User core\n  Port 2222\n  IdentityFile ~/.ssh/lab\nHost *\n  User other\n  IdentitiesOnly yes\n  UserKnownHostsFile ~/kh1 ~/kh2\n';
    const target = { address: '10.0.0.11', port: 22, identityFile: '~/mine', connectTimeoutSeconds: 5 };
    expect(resolveSettings(target, sources(config))).toMatchObject({
      port: 22,
      user: 'core',
      identityFiles: ['/home/me/mine', '/home/me/.ssh/lab'],
      identitiesOnly: true,
      knownHostsFiles: ['/home/me/kh1', '/home/me/kh2', '/etc/ssh/ssh_known_hosts'],
      connectTimeoutMs: 5_000,
    });
  });

  test('a known hosts file of the cluster file stands alone', () => {
    expect(resolveSettings({ address: 'a', knownHostsFile: '~/kh' }, sources()).knownHostsFiles).toEqual(['/home/me/kh']);
  });

  test('follow HostName and expand tokens', () => {
    const config = 'Host cp1\n  HostName %h.example.org\n  IdentityFile %d/keys/%r@%h-%p\n';
    expect(resolveSettings({ address: 'cp1', user: 'core' }, sources(config))).toMatchObject({
      host: 'cp1.example.org',
      identityFiles: ['/home/me/keys/core@cp1.example.org-22'],
    });
  });

  test('know the agent: environment, IdentityAgent, none, Windows', () => {
    const env = { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' };
    const agentOf = (config: string): string | undefined => resolveSettings({ address: 'a' }, sources(config, env)).agent;
    expect(agentOf('')).toBe('/run/agent');
    expect(agentOf('IdentityAgent ~/a.sock')).toBe('/home/me/a.sock');
    expect(agentOf('IdentityAgent $OTHER')).toBe('/run/other');
    expect(agentOf('IdentityAgent none')).toBeUndefined();
    expect(resolveSettings({ address: 'a' }, { ...sources(), platform: 'win32' }).agent).toBe('\\\\.\\pipe\\openssh-ssh-agent');
  });

  test('a bastion of the cluster file takes user and key of the hosts, and wins over ProxyJump', () => {
    const settings = resolveSettings(
      { address: 'a', user: 'core', identityFile: '/k', knownHostsFile: '/kh', bastion: { address: 'jump', port: 2200 } },
      sources('Host *\n  ProxyJump other\n'),
    );
    expect(settings.via).toMatchObject({ host: 'jump', port: 2200, user: 'core', identityFiles: ['/k'], knownHostsFiles: ['/kh'] });
  });

  test('ProxyJump of several hops goes through them in order', () => {
    const config = 'Host inner\n  ProxyJump me@first:2201,second\nHost second\n  User two\n';
    expect(describeTarget(resolveSettings({ address: 'inner' }, sources(config)))).toBe(
      'root@inner:22 via two@second:22 via me@first:2201',
    );
  });

  test('a ProxyJump for all hosts does not hold for the jump host itself', () => {
    expect(describeTarget(resolveSettings({ address: 'a' }, sources('Host *\n  ProxyJump hop\n')))).toBe('root@a:22 via root@hop:22');
  });

  test('a circle of jump hosts is an error', () => {
    const config = 'Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n';
    expect(() => resolveSettings({ address: 'a' }, sources(config))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  });

  test('ProxyJump is read with user, port, brackets and scheme', () => {
    expect(parseProxyJump('none')).toEqual([]);
    expect(parseProxyJump('ssh://u@[fd00::1]:2222')).toEqual([{ address: 'fd00::1', user: 'u', port: 2222 }]);
  });
});

describe('Include', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'kbs-home-'));
    mkdirSync(join(home, '.ssh', 'config.d'), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('reads files by pattern in order, and goes on with its own section after them', async () => {
    const config = join(home, '.ssh', 'config');
    writeFileSync(config, 'Host a\n  Include config.d/*.conf\n  Port 2200\nHost b\n  Port 2300\n');
    writeFileSync(join(home, '.ssh', 'config.d', '1.conf'), 'Host x\n  User one\n');
    writeFileSync(join(home, '.ssh', 'config.d', '2.conf'), 'Host a\n  User two\n');
    writeFileSync(join(home, '.ssh', 'config.d', 'ignored'), 'Host a\n  User three\n');
    const configText = await readConfigText(config, home);
    expect(resolveSettings({ address: 'a' }, sources(configText))).toMatchObject({ user: 'two', port: 2200 });
    expect(resolveSettings({ address: 'x' }, sources(configText))).toMatchObject({ user: 'one', port: 22 });
    expect(resolveSettings({ address: 'b' }, sources(configText))).toMatchObject({ user: 'root', port: 2300 });
  });

  test('files that are not there, and circles, do no harm', async () => {
    const config = join(home, '.ssh', 'config');
    expect(await readConfigText(config, home)).toBe('');
    writeFileSync(config, 'Include nothing/*\nInclude config\nUser me\n');
    expect(resolveSettings({ address: 'a' }, sources(await readConfigText(config, home)))).toMatchObject({ user: 'me' });
  });
});

describe('known hosts', () => {
  const blob = (type: string, fill: number): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(type.length);
    return Buffer.concat([head, Buffer.from(type), Buffer.alloc(32, fill)]);
  };
  const line = (hosts: string, key: Buffer): string =>
    `${hosts} ${key.subarray(4, 4 + key.readUInt32BE(0)).toString()} ${key.toString('base64')}`;
  const key = blob('ssh-ed25519', 1);
  const judge = (text: string, host = 'cp1', port = 22) =>
    judgeHostKey(keysOf(parseKnownHosts(text, 'kh'), knownHostName(host, port)), key).kind;

  test('match names, lists, patterns, ports and hashes', () => {
    expect(judge(line('cp1', key))).toBe('known');
    expect(judge(line('other,cp1,10.0.0.1', key))).toBe('known');
    expect(judge(line('cp?', key))).toBe('known');
    expect(judge(line('*,!cp1', key))).toBe('unknown');
    expect(judge(line('cp1', key), 'CP1')).toBe('known');
    expect(judge(line('cp1', key), 'cp1', 2222)).toBe('unknown');
    expect(judge(line('[cp1]:2222', key), 'cp1', 2222)).toBe('known');
    const salt = Buffer.from('salt').toString('base64');
    const hash = createHmac('sha1', Buffer.from('salt')).update('cp1').digest('base64');
    expect(judge(line(`|1|${salt}|${hash}`, key))).toBe('known');
  });

  test('tell changed, other type and revoked apart, and take any of several keys', () => {
    const other = blob('ssh-ed25519', 2);
    const rsa = blob('ssh-rsa', 3);
    expect(judge(line('cp1', other))).toBe('changed');
    expect(judge(line('cp1', rsa))).toBe('other-type');
    expect(judge([line('cp1', other), line('cp1', key)].join('\n'))).toBe('known');
    expect(judge([line('cp1', key), `@revoked ${line('*', key)}`].join('\n'))).toBe('revoked');
    expect(judge(`@cert-authority ${line('*', key)}`)).toBe('unknown');
    expect(judge(`# comment\n\nbroken line\n${line('cp1', key)}\r\n`)).toBe('known');
  });
});

describe('command lines', () => {
  const words = ['printf', '%s|', "it's", 'a "b"', '$HOME `id` !x', 'back\\slash', 'two\nlines', '*', 'ü', ''];
  const expected = words
    .slice(2)
    .map((word) => `${word}|`)
    .join('');

  test('come out of a POSIX shell as they went in', () => {
    expect(execFileSync('/bin/sh', ['-c', commandLine(words)]).toString()).toBe(expected);
  });

  test('hold nothing csh or fish would change inside quotes', () => {
    expect(commandLine(words)).not.toMatch(/[\n!]|\\\\/);
  });

  test('of plain words stay readable', () => {
    expect(commandLine(['sudo', '-n', '--', 'id', '-u'])).toBe('exec sudo -n -- id -u');
  });
});
