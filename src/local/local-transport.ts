import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { KbsError } from '../errors/index.js';
import { createShellTransport, type LaunchedProcess, type Launcher, type ProcessEnd, type Transport } from '../host/index.js';
import type { Secret } from '../secret/index.js';

/** What the transport to this machine needs to know. */
export interface LocalTransportOptions {
  /** Asked for only when kbs does not run as root and sudo wants a password; undefined: there is none to be had. */
  readonly sudoPassword?: (user: string) => Promise<Secret | undefined>;
}

/** The machine kbs itself runs on, for `kbs init` and `kbs join` without a cluster file. */
export function createLocalTransport(options: LocalTransportOptions = {}): Transport {
  return createShellTransport(launcher, options.sudoPassword ?? (async () => undefined));
}

const launcher: Launcher = {
  target: 'this machine',
  async connect() {
    if (process.platform === 'linux') return;
    throw new KbsError('SSH_UNREACHABLE', `this machine runs ${process.platform}, and Kubernetes hosts run Linux`, {
      remedy: ['kbs init -f cluster.yaml   # brings up other machines over SSH'],
    });
  },
  async launch(argv) {
    return launchLocally(argv);
  },
  dial: dialLocally,
  async close() {
    // Nothing is kept open between commands.
  },
};

function launchLocally([program = '', ...args]: readonly string[]): LaunchedProcess {
  const askedMs = performance.now();
  // A process group of its own: Ctrl-C in the terminal reaches kbs only, which then ends its commands in good order.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', (error) => {
      reject(new KbsError('REMOTE_COMMAND', `${program} cannot be started: ${error.message}`, { cause: error }));
    });
    child.once('close', (exitCode, signal) => resolve(signal === null ? { exitCode, signal: null } : { exitCode: null, signal }));
  });
  return {
    askedMs,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    abandon() {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}

function dialLocally(address: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    // It stays: before whoever gets the connection listens too, an 'error' nobody hears would end the process.
    socket.on('error', (error: Error) => {
      reject(new KbsError('SSH_UNREACHABLE', `nothing answers on ${address}:${port}: ${error.message}`, { cause: error }));
    });
    socket.once('connect', () => resolve(socket));
  });
}
