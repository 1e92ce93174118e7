import type { Duplex } from 'node:stream';
import ssh2, { type Client as SshClient, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import { KbsError } from '../errors/index.js';
import type { HostKeys } from './host-keys.js';
import { gatherIdentities, type AskPassphrase, type Identity, type IdentityList } from './identities.js';
import { describeTarget, type SshSettings } from './settings.js';

const { BaseAgent, Client } = ssh2;

const KEEPALIVE_MS = 15_000;
const KEEPALIVE_MISSES = 3;
/** A person may have to type a passphrase; sshd's own limit (LoginGraceTime) is 120 s. */
const LOGIN_TIMEOUT_MS = 120_000;

/** What logging in needs besides settings. */
export interface LoginServices {
  readonly hostKeys: HostKeys;
  readonly askPassphrase: AskPassphrase;
}

/** How long a login may take, and who wants to know of the connection's end. */
export interface LoginLimits {
  readonly signal: AbortSignal | undefined;
  /** For everything before the login itself. */
  readonly handshakeTimeoutMs: number;
  /** Called as soon as the connection has ended, and before its channels are. */
  readonly onEnd: (client: SshClient) => void;
}

/**
 * Logs in over an open stream.
 * @throws KbsError SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY, SSH_KEY, CANCELLED
 */
export async function logIn(stream: Duplex, settings: SshSettings, services: LoginServices, limits: LoginLimits): Promise<SshClient> {
  // Nobody else listens before ssh2 does, and an 'error' nobody hears would end the process.
  let broken: Error | undefined;
  stream.on('error', (error: Error) => (broken = error));
  const keys = await gatherIdentities(settings, services.askPassphrase);
  const serverHostKey = await services.hostKeys.algorithmsFor(settings);
  // ssh2 waits for ever for a stream that has ended before.
  if (stream.destroyed) throw unreachable(settings, broken?.message ?? 'closed the connection', broken);
  const agent = new IdentityAgent(keys.identities);
  return new Promise((resolve, reject) => {
    const attempt = new LoginAttempt(new Client(), settings, keys, agent, { resolve, reject }, limits);
    attempt.client.connect({
      sock: stream,
      username: settings.user,
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_MISSES,
      authHandler: oneMethod(settings.user, agent),
      // AES-GCM is done by the processor; ChaCha20 (the default's first) costs several times as much.
      algorithms: { serverHostKey, cipher: { prepend: ['aes128-gcm@openssh.com'], append: [], remove: [] } },
      hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void) => {
        services.hostKeys.check(settings, key).then(
          () => verify(true),
          (error: unknown) => {
            attempt.fail(error);
            verify(false);
          },
        );
      },
    });
  });
}

/** All keys are one method to ssh2: an agent that knows them in order. */
function oneMethod(username: string, agent: IdentityAgent) {
  let isUsed = false;
  return (_left: unknown, _partial: unknown, next: (method: ssh2.AnyAuthMethod) => void): void => {
    // ssh2 ends the login for `false`, which its types leave out.
    next(isUsed ? (false as never) : { type: 'agent', username, agent });
    isUsed = true;
  };
}

/** One try to log in: the first thing that happens decides. */
class LoginAttempt {
  #isDecided = false;
  #hasHandshake = false;
  #timer: NodeJS.Timeout;

  constructor(
    readonly client: SshClient,
    private readonly settings: SshSettings,
    private readonly keys: IdentityList,
    private readonly agent: IdentityAgent,
    private readonly outcome: { readonly resolve: (client: SshClient) => void; readonly reject: (error: unknown) => void },
    private readonly limits: LoginLimits,
  ) {
    const tooSlow = (): void => this.fail(this.#unreachable('does not answer as an SSH server in time'));
    this.#timer = setTimeout(tooSlow, limits.handshakeTimeoutMs);
    limits.signal?.addEventListener('abort', this.#onAbort, { once: true });
    client.once('handshake', () => {
      this.#hasHandshake = true;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(tooSlow, LOGIN_TIMEOUT_MS);
    });
    client.once('ready', () => this.#decide(() => this.outcome.resolve(client)));
    // This listener stays for the whole life of the client: an 'error' nobody hears would end the process.
    client.on('error', (error) => this.#onError(error));
    const onEnd = (): void => limits.onEnd(client);
    client.on('end', onEnd).on('close', onEnd);
    client.once('close', () => this.fail(this.#unreachable('closed the connection')));
  }

  fail(error: unknown): void {
    this.#decide(() => {
      this.client.destroy();
      this.outcome.reject(error);
    });
  }

  readonly #onAbort = (): void => this.fail(new KbsError('CANCELLED', `cancelled while logging in to ${describeTarget(this.settings)}`));

  #decide(act: () => void): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    clearTimeout(this.#timer);
    this.limits.signal?.removeEventListener('abort', this.#onAbort);
    act();
  }

  #onError(error: Error & { readonly level?: string; readonly code?: unknown }): void {
    // A key that could not sign: the next one is tried.
    if (error.level === 'agent') return;
    const wasRefused = error.level === 'client-authentication' || (this.#hasHandshake && typeof error.code === 'number');
    if (wasRefused) this.fail(this.#refused(error));
    else this.fail(this.#unreachable(error.message, error));
  }

  #unreachable(what: string, cause?: Error): KbsError {
    return unreachable(this.settings, what, cause);
  }

  #refused(cause: Error): KbsError {
    const tried = this.keys.identities.map((key) => `${key.source}: ${this.agent.problemOf(key) ?? 'refused by the host'}`);
    const details = [...tried, ...this.keys.problems];
    return new KbsError('SSH_AUTH', `${describeTarget(this.settings)} accepts none of ${this.keys.identities.length} keys`, {
      cause,
      details: details.length > 0 ? details : ['no agent, no key file'],
      remedy: [
        `ssh-copy-id -p ${this.settings.port} ${this.settings.user}@${this.settings.host}`,
        'ssh.user and ssh.identityFile in the cluster file say who logs in with which key',
        sshCommand(this.settings),
      ],
    });
  }
}

function unreachable(settings: SshSettings, what: string, cause: Error | undefined): KbsError {
  return new KbsError('SSH_UNREACHABLE', `${describeTarget(settings)}: ${what}`, { cause, remedy: [sshCommand(settings)] });
}

function sshCommand(settings: SshSettings): string {
  const jump = settings.via ? `-J ${settings.via.user}@${settings.via.host}:${settings.via.port} ` : '';
  return `ssh -v ${jump}-p ${settings.port} ${settings.user}@${settings.host} true`;
}

/** Shows ssh2 the gathered keys, and remembers why one could not sign. */
class IdentityAgent extends BaseAgent<ParsedKey> {
  readonly #problems = new Map<Identity, string>();

  constructor(private readonly identities: readonly Identity[]) {
    super();
  }

  problemOf(identity: Identity): string | undefined {
    return this.#problems.get(identity);
  }

  override getIdentities(callback: (error?: Error | null, keys?: ParsedKey[]) => void): void {
    callback(
      null,
      this.identities.map((identity) => identity.publicKey),
    );
  }

  override sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    const identity = this.identities.find((candidate) => candidate.publicKey === key);
    if (!identity || !done) throw new Error('ssh2 asks for a signature of a key it was not shown');
    identity.sign(data, hash).then(
      (signature) => done(null, signature),
      (error: unknown) => {
        const reason = error instanceof Error ? error : new Error(String(error));
        this.#problems.set(identity, reason.message);
        done(reason);
      },
    );
  }
}
