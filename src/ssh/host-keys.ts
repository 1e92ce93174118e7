import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { KbsError } from '../errors/index.js';
import { emptyIfAbsent } from './config-file.js';
import {
  fingerprintOf,
  judgeHostKey,
  keysOf,
  keyTypeOf,
  knownHostName,
  knownHostsLine,
  parseKnownHosts,
  type HostKeyVerdict,
} from './known-hosts.js';
import { describeTarget, type SshSettings } from './settings.js';

/** Signature algorithms by key type, best first. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** Decides whether a host is the one it says it is. */
export class HostKeys {
  /** Keys are written down one after the other: hosts connect at the same time. */
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly acceptNew: boolean) {}

  /** Algorithms to offer: those of known keys first, so that the host shows a key that can be compared. */
  async algorithmsFor(settings: SshSettings): Promise<ServerHostKeyAlgorithm[]> {
    const types = (await this.#keysOf(settings)).filter((key) => key.marker === undefined).map((key) => key.type);
    return [...new Set([...types, ...Object.keys(ALGORITHMS)].flatMap((type) => ALGORITHMS[type] ?? []))];
  }

  /**
   * Returns for a key that may be trusted; an unknown one is written down first when new keys are accepted.
   * @throws KbsError SSH_HOST_KEY
   */
  async check(settings: SshSettings, key: Buffer): Promise<void> {
    const verdict = judgeHostKey(await this.#keysOf(settings), key);
    if (verdict.kind === 'known') return;
    if (verdict.kind !== 'unknown' || !this.acceptNew) throw hostKeyError(settings, key, verdict);
    const written = this.#writing.then(() => this.#write(settings, key));
    // The next host's key is written whether or not this one could be.
    this.#writing = written.catch(() => undefined);
    await written;
  }

  async #keysOf(settings: SshSettings) {
    const files = await Promise.all(
      settings.knownHostsFiles.map(async (file) => {
        const text = await readFile(file, 'utf8').catch((error: unknown) => emptyIfAbsent(error, ''));
        return parseKnownHosts(text, file);
      }),
    );
    return keysOf(files.flat(), knownHostName(settings.host, settings.port));
  }

  async #write(settings: SshSettings, key: Buffer): Promise<void> {
    const [file] = settings.knownHostsFiles;
    if (file === undefined) return;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'a+', 0o600);
    try {
      const before = await handle.readFile('utf8');
      const gap = before === '' || before.endsWith('\n') ? '' : '\n';
      await handle.appendFile(gap + knownHostsLine(knownHostName(settings.host, settings.port), key));
    } finally {
      await handle.close();
    }
  }
}

function hostKeyError(settings: SshSettings, key: Buffer, verdict: Exclude<HostKeyVerdict, { kind: 'known' }>): KbsError {
  const shown = `${keyTypeOf(key)} ${fingerprintOf(key)}`;
  const target = describeTarget(settings);
  const name = knownHostName(settings.host, settings.port);
  const file = settings.knownHostsFiles[0] ?? '~/.ssh/known_hosts';
  const look = `for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done   # at the host's console: is ${fingerprintOf(key)} among them?`;
  if (verdict.kind === 'unknown' || verdict.kind === 'other-type') {
    const why =
      verdict.kind === 'unknown' ? 'is not known' : `is not the one at ${verdict.by.file}:${verdict.by.line}, which is of another type`;
    return new KbsError('SSH_HOST_KEY', `the host key of ${target} ${why}: ${shown}`, {
      details: [shown],
      remedy: [look, scanCommand(settings, file), 'kbs … --accept-new-host-keys   # writes unknown keys down without asking'],
    });
  }
  const { by } = verdict;
  if (verdict.kind === 'revoked') {
    return new KbsError('SSH_HOST_KEY', `the host key of ${target} is revoked at ${by.file}:${by.line}: ${shown}`, {
      details: [shown],
      remedy: ['do not connect: whoever answers there uses a key that was taken out of service', look],
    });
  }
  return new KbsError('SSH_HOST_KEY', `the host key of ${target} has changed; this may be an attack: ${shown}`, {
    details: [`now   ${shown}`, `known ${by.type} ${fingerprintOf(by.key)} (${by.file}:${by.line})`],
    remedy: [look, `ssh-keygen -R '${name}' -f ${by.file}   # only when the host was installed anew`],
  });
}

function scanCommand(settings: SshSettings, file: string): string {
  if (settings.via)
    return `ssh -J ${settings.via.user}@${settings.via.host}:${settings.via.port} -p ${settings.port} ${settings.user}@${settings.host} true   # and accept the key`;
  return `ssh-keyscan -p ${settings.port} ${settings.host} >> ${file}   # then compare with ssh-keygen -lf ${file}`;
}
