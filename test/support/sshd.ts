import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Programs the server's side needs; unpacked beside the system, not installed. */
const PACKAGES = ['openssh-server', 'libwrap0', 'sudo', 'fish', 'fish-common', 'libpcre2-32-0', 'tcsh', 'busybox'];

const cacheDirectory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kbs-test', PACKAGES.join('+'));

/** Folder with the unpacked packages, or why there is none. */
function unpackPackages(): string {
  if (existsSync(cacheDirectory)) return cacheDirectory;
  mkdirSync(join(cacheDirectory, '..'), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory, '..', 'part-'));
  const root = join(work, 'root');
  for (const folder of ['bin', 'lib', 'sbin']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(join('usr', folder), join(root, folder));
  }
  execFileSync('apt-get', ['download', ...PACKAGES], { cwd: work, stdio: 'pipe' });
  execFileSync('sh', ['-c', 'for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C root; done'], {
    cwd: work,
  });
  try {
    renameSync(root, cacheDirectory);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(cacheDirectory)) throw error;
  }
  rmSync(work, { recursive: true, force: true });
  return cacheDirectory;
}

/** Why there can be no sshd here; undefined when there can. For `describe.skipIf`. */
export function whyNoSshd(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'sshd tests need Linux and root';
  try {
    unpackPackages();
    return undefined;
  } catch (error) {
    return `openssh-server cannot be had: ${String(error)}`;
  }
}

/** A login of the test server. */
export interface SshdUser {
  readonly name: string;
  readonly uid: number;
  readonly shell?: string;
  readonly password?: string;
  /** Line of sudoers, e.g. `ALL=(ALL) NOPASSWD:ALL`. */
  readonly sudo?: string;
}

/** A real sshd on loopback with users, keys and configuration of its own. */
export interface Sshd {
  readonly port: number;
  readonly pid: number;
  /** Work folder; keys and known_hosts files of a test go there. */
  readonly directory: string;
  /** A login key without passphrase that every user accepts. */
  readonly keyFile: string;
  /** known_hosts with this server's keys. */
  readonly knownHostsFile: string;
  readonly hostKeyFiles: Readonly<Record<'ed25519' | 'rsa', string>>;
  authorize(publicKeyFile: string): void;
  /** Numbers of the processes that serve one connection each. */
  connections(): readonly number[];
  /** Ends all connections hard. */
  dropConnections(): void;
  log(): string;
  stop(): Promise<void>;
}

export function makeKey(
  file: string,
  options: { readonly type?: string; readonly passphrase?: string; readonly pem?: boolean } = {},
): string {
  const format = options.pem ? ['-m', 'PEM'] : [];
  execFileSync('ssh-keygen', ['-q', '-t', options.type ?? 'ed25519', ...format, '-N', options.passphrase ?? '', '-C', 'test', '-f', file]);
  return file;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function writeEtc(directory: string, users: readonly SshdUser[]): string {
  const etc = join(directory, 'etc');
  mkdirSync(join(etc, 'sudoers.d'), { recursive: true });
  const home = join(directory, 'home');
  mkdirSync(home, { mode: 0o755 });
  const passwd = [
    'root:x:0:0:root:/root:/bin/sh',
    'sshd:x:999:65534::/run/sshd:/usr/sbin/nologin',
    'nobody:x:65534:65534::/:/usr/sbin/nologin',
  ];
  const shadow = ['root:*:19000::::::', 'sshd:*:19000::::::'];
  for (const user of users) {
    passwd.push(`${user.name}:x:${user.uid}:${user.uid}::${home}:${user.shell ?? '/bin/sh'}`);
    const hash = user.password === undefined ? '*' : execFileSync('openssl', ['passwd', '-6', user.password]).toString().trim();
    shadow.push(`${user.name}:${hash}:19000::::::`);
    if (user.sudo === undefined) continue;
    writeFileSync(join(etc, 'sudoers.d', user.name), `${user.name} ${user.sudo}\n`, { mode: 0o440 });
  }
  writeFileSync(join(etc, 'passwd'), `${passwd.join('\n')}\n`);
  writeFileSync(join(etc, 'shadow'), `${shadow.join('\n')}\n`, { mode: 0o600 });
  writeFileSync(
    join(etc, 'group'),
    `root:x:0:\nshadow:x:42:\nnogroup:x:65534:\n${users.map((user) => `${user.name}:x:${user.uid}:\n`).join('')}`,
  );
  return etc;
}

/** Starts a server; `config` are further lines of sshd_config. */
export async function startSshd(
  options: { readonly users?: readonly SshdUser[]; readonly config?: readonly string[] } = {},
): Promise<Sshd> {
  const root = unpackPackages();
  const directory = mkdtempSync(join(tmpdir(), 'kbs-sshd-'));
  chmodSync(directory, 0o755);
  const port = await freePort();
  const hostKeyFiles = {
    ed25519: makeKey(join(directory, 'host_ed25519')),
    rsa: makeKey(join(directory, 'host_rsa'), { type: 'rsa' }),
  };
  const keyFile = makeKey(join(directory, 'login'));
  const authorized = join(directory, 'authorized_keys');
  copyFileSync(`${keyFile}.pub`, authorized);
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...Object.values(hostKeyFiles).map((file) => `HostKey ${file}`),
    `AuthorizedKeysFile ${authorized}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'StrictModes no',
    'PidFile none',
    'UsePAM no',
    ...(options.config ?? []),
  ];
  writeFileSync(join(directory, 'sshd_config'), `${config.join('\n')}\n`);
  const etc = writeEtc(directory, options.users ?? []);
  // A mount namespace: the programs and accounts of the test exist for this sshd only.
  const script = `mount -t overlay overlay -o lowerdir="$1/usr":/usr /usr &&
mount -t overlay overlay -o lowerdir="$2":"$1/etc":/etc /etc &&
mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec /usr/sbin/sshd -D -e -f "$3"`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sshd', root, etc, join(directory, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  const knownHostsFile = join(directory, 'known_hosts');
  const keyLines = Object.values(hostKeyFiles).map((file) => `[127.0.0.1]:${port} ${readFileSync(`${file}.pub`, 'utf8')}`);
  writeFileSync(knownHostsFile, keyLines.join(''));
  await untilListening(child, log);
  const connections = (): readonly number[] => childrenOf(child.pid);
  return {
    port,
    pid: child.pid ?? 0,
    directory,
    keyFile,
    knownHostsFile,
    hostKeyFiles,
    authorize: (file) => writeFileSync(authorized, readFileSync(file), { flag: 'a' }),
    connections,
    dropConnections() {
      for (const pid of connections()) for (const victim of [...childrenOf(pid), pid]) kill(victim);
    },
    log: () => log.join(''),
    async stop() {
      for (const pid of connections()) kill(pid);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It may have ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function childrenOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  const listed = execFileSync('ps', ['-e', '-o', 'pid=,ppid=']).toString().trim().split('\n');
  return listed.map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([child, parent]) => (parent === pid && child ? [child] : []));
}

async function untilListening(child: ChildProcess, log: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (log.join('').includes('Server listening')) return;
    if (child.exitCode !== null) break;
    await sleep(25);
  }
  throw new Error(`sshd did not start: ${log.join('')}`);
}
