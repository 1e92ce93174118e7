import type { Duplex } from 'node:stream';
import { KbsError } from '../errors/index.js';
import type { Secret } from '../secret/index.js';
import { isByteSource, type ByteSource } from './byte-source.js';
import { sh, type Command } from './command.js';
import type { Launcher } from './launcher.js';
import {
  parseProbe,
  privilegedArgv,
  privilegedHead,
  PROBE_CANARY,
  PROBE_SCRIPT,
  sudoDenied,
  type MachineProbe,
  type Privilege,
} from './privilege.js';
import { runProcess, subshellScript, wrapperScript } from './run-process.js';
import type { ExecOptions, ExecResult, Transport, UploadOptions } from './transport.js';
import { uploadFile } from './upload-file.js';

/** How often a command that only reads is run when the connection keeps breaking. */
const MOST_TRIES = 3;
const PROBE_TIMEOUT_MS = 30_000;

/** Nothing stands before the command: it runs as whoever logged in. */
const AS_LOGIN_USER: Privilege = { kind: 'root' };

interface Machine {
  readonly privilege: Privilege;
  readonly hasTimeout: boolean;
  readonly keepsQuotes: boolean;
}

/** Builds a transport on anything that can start a process; `sudoPassword` is asked only where sudo needs one. */
export function createShellTransport(launcher: Launcher, sudoPassword: (user: string) => Promise<Secret | undefined>): Transport {
  return new ShellTransport(launcher, sudoPassword);
}

class ShellTransport implements Transport {
  #machine: Promise<Machine> | undefined;

  constructor(
    private readonly launcher: Launcher,
    private readonly sudoPassword: (user: string) => Promise<Secret | undefined>,
  ) {}

  get target(): string {
    return this.launcher.target;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.launcher.connect(signal);
    await this.#probed(signal);
  }

  async exec(command: Command, options: ExecOptions): Promise<ExecResult> {
    const mayRepeat = options.retryOnLoss === true && !isByteSource(options.stdin);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#execOnce(command, options);
      } catch (error) {
        const isLost = error instanceof KbsError && error.code === 'SSH_LOST';
        if (!isLost || !mayRepeat || tries === MOST_TRIES) throw error;
      }
    }
  }

  upload(open: (offset: number) => ByteSource, path: string, options: UploadOptions): Promise<void> {
    return uploadFile((command, execOptions) => this.exec(command, execOptions), open, path, options);
  }

  dial(address: string, port: number): Promise<Duplex> {
    return this.launcher.dial(address, port);
  }

  close(): Promise<void> {
    return this.launcher.close();
  }

  async #execOnce(command: Command, options: ExecOptions): Promise<ExecResult> {
    const machine = await this.#probed(options.signal);
    const privilege = options.privileged ? machine.privilege : AS_LOGIN_USER;
    const seconds = machine.hasTimeout ? Math.ceil(options.timeoutMs / 1000) : undefined;
    const argv = privilegedArgv(privilege, ['/bin/sh', '-c', wrapperScript(seconds), 'kbs', command.text]);
    const head = privilegedHead(privilege);
    // `timeout` makes a process group, by which a command can be ended with all it started; elsewhere it takes a session of its own.
    const input = machine.hasTimeout && head === '' ? fewLines(options.stdin) : undefined;
    const shared = input === undefined ? undefined : { script: sharedScript(privilege, argv, seconds, command), input };
    const launched = await this.launcher.launch(argv, { shared, keepsQuotes: machine.keepsQuotes, signal: options.signal });
    return runProcess(launched, {
      ...options,
      head,
      shown: shorten(command.text),
      isTimedRemotely: machine.hasTimeout,
      kill: (pid) => this.#kill(pid, privilege),
    });
  }

  /** SIGTERM to the process group; `timeout -k` adds SIGKILL after five seconds. */
  async #kill(pid: number, privilege: Privilege): Promise<void> {
    const argv = ['/bin/sh', '-c', 'kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1"', 'kbs', String(pid)];
    const launched = await this.launcher.launch(privilegedArgv(privilege, argv), { isUrgent: true });
    await runProcess(launched, {
      timeoutMs: 5_000,
      head: privilegedHead(privilege),
      shown: `kill ${pid}`,
      isTimedRemotely: false,
    });
  }

  /** A probe that failed is made again by the next command. */
  #probed(signal: AbortSignal | undefined): Promise<Machine> {
    this.#machine ??= this.#probe(signal).catch((error: unknown) => {
      this.#machine = undefined;
      throw error;
    });
    return this.#machine;
  }

  async #probe(signal: AbortSignal | undefined): Promise<Machine> {
    const probe = await this.#ask(signal);
    const { hasTimeout, keepsQuotes } = probe;
    const machine = (privilege: Privilege): Machine => ({ privilege, hasTimeout, keepsQuotes });
    if (probe.uid === 0) return machine({ kind: 'root' });
    if (probe.sudo === 'works') return machine({ kind: 'sudo' });
    const problem = (said: string): Machine => machine({ kind: 'none', problem: sudoDenied(this.target, probe, said) });
    const password = probe.sudo === 'missing' ? undefined : await this.sudoPassword(probe.user);
    if (!password) return problem(probe.sudoMessage);
    const privilege: Privilege = { kind: 'sudo-password', password };
    const argv = privilegedArgv(privilege, ['/bin/sh', '-c', ':']);
    const tried = await this.#bare(argv, privilegedHead(privilege), signal);
    return tried.exitCode === 0 ? machine(privilege) : problem(tried.stderr.trim());
  }

  /** The plain way first, which nearly every login shell takes; the script sees itself whether it has arrived as it was sent. */
  async #ask(signal: AbortSignal | undefined): Promise<MachineProbe> {
    const argv = ['/bin/sh', '-c', PROBE_SCRIPT, 'kbs', PROBE_CANARY];
    const plain = await this.#bare(argv, '', signal, { keepsQuotes: true });
    if (/^kbs-quotes kept$/m.test(plain.stdout)) return parseProbe(plain.stdout);
    return { ...parseProbe((await this.#bare(argv, '', signal)).stdout), keepsQuotes: false };
  }

  async #bare(
    argv: readonly string[],
    head: string,
    signal: AbortSignal | undefined,
    quoting: { readonly keepsQuotes?: boolean } = {},
  ): Promise<ExecResult> {
    const launched = await this.launcher.launch(argv, { ...quoting, signal });
    return runProcess(launched, {
      timeoutMs: PROBE_TIMEOUT_MS,
      head,
      shown: 'the first look at the host',
      isTimedRemotely: false,
      ...(signal ? { signal } : {}),
    });
  }
}

/** Only what becomes somebody else needs a program that begins anew. */
function sharedScript(privilege: Privilege, argv: readonly string[], seconds: number | undefined, command: Command): string {
  return privilege.kind === 'root' ? subshellScript(seconds, command) : sh`${argv}`.text;
}

/** A shell on the host reads them byte by byte. */
const FEW_CHARACTERS = 16_384;

/** Input that a shell can give to a command besides the command itself: whole lines, and no secret, for a shell may put them into a file. */
function fewLines(input: ExecOptions['stdin']): string | undefined {
  if (input === undefined) return '';
  const isShort = typeof input === 'string' && input.length <= FEW_CHARACTERS;
  return isShort && input.endsWith('\n') && !input.includes('\0') ? input : undefined;
}

const SHOWN_LENGTH = 160;

/** A command's first words, for messages. */
export function shorten(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, '; ');
  return line.length <= SHOWN_LENGTH ? line : `${line.slice(0, SHOWN_LENGTH)}…`;
}
