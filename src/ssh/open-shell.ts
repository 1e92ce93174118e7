import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { LaunchedProcess, ProcessEnd, SharedLaunch } from '../host/index.js';
import { MarkedOutput } from './marked-output.js';

/** A shell tells of a signal with its number and 128. Source: POSIX, and signal(7) of Linux, for the host's numbers count. */
const SIGNALS: Readonly<Record<number, string>> = {
  129: 'SIGHUP',
  130: 'SIGINT',
  131: 'SIGQUIT',
  134: 'SIGABRT',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  141: 'SIGPIPE',
  143: 'SIGTERM',
};

/**
 * A shell on a host that stays open and runs one command after the other: each is told with one round trip instead of two, and costs the
 * host no session and no login shell of its own. Every command is a process that finds on its standard input what is its own, so that none
 * of them changes the shell or takes what is meant for it.
 */
export class OpenShell {
  /** Whoever's output comes now, and those behind. */
  readonly #stdout: MarkedOutput[] = [];
  readonly #stderr: MarkedOutput[] = [];
  #fail: (() => void) | undefined;
  #isOpen = true;

  /**
   * @param channel of a POSIX shell that reads its commands from standard input
   * @param lost makes the error of a command whose end nobody can tell
   */
  constructor(
    private readonly channel: ClientChannel,
    private readonly lost: () => Error,
  ) {
    channel.on('data', (chunk: Buffer) => take(this.#stdout, chunk));
    channel.stderr.on('data', (chunk: Buffer) => take(this.#stderr, chunk));
    channel.on('error', () => void this.close());
    channel.on('close', () => this.#end());
    // What login scripts print belongs to no command.
    const { stdout, stderr } = this.#expect('');
    stdout.stream.resume();
    stderr.stream.resume();
  }

  /** Takes a command. */
  get isFree(): boolean {
    return this.#isOpen && this.#fail === undefined;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Only while {@link isFree}. */
  run({ script, input }: SharedLaunch): LaunchedProcess {
    const askedMs = performance.now();
    let isDone = false;
    const { stdout, stderr, status } = this.#expect(`${script} ${redirected(input)}`, () => {
      isDone = true;
      this.#fail = undefined;
    });
    const ended = new Promise<ProcessEnd>((resolve, reject) => {
      this.#fail = () => reject(this.lost());
      const whole = Promise.all([status, once(stdout.stream, 'end'), once(stderr.stream, 'end')]);
      whole.then(([code]) => resolve(endOf(Number(code))), reject);
    });
    // The caller may have let go of the process before it ends.
    ended.catch(() => undefined);
    // It has its input already.
    const stdin = new PassThrough();
    stdin.resume();
    const abandon = (): void => {
      // Afterwards the shell is at work for others.
      if (!isDone) void this.close();
    };
    return { askedMs, stdin, stdout: stdout.stream, stderr: stderr.stream, ended, abandon };
  }

  /** Ends the shell, and resolves when the host has done so; a command that is running is let go of. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    // A channel that fails is closed, too: nothing to throw here.
    const closed = new Promise<void>((resolve) => this.channel.once('close', () => resolve()));
    this.channel.close();
    this.#end();
    await closed;
  }

  /** Sends a command line, and expects its output after what is under way. */
  #expect(
    line: string,
    onDone: () => void = () => undefined,
  ): { readonly stdout: MarkedOutput; readonly stderr: MarkedOutput; readonly status: Promise<string> } {
    const mark = randomUUID();
    let tell: (word: string) => void = () => undefined;
    const status = new Promise<string>((resolve) => (tell = resolve));
    let marks = 0;
    const onMark = (): void => {
      if ((marks += 1) === 2) onDone();
    };
    const stdout = new MarkedOutput(mark, (word) => {
      tell(word);
      onMark();
    });
    const stderr = new MarkedOutput(mark, onMark);
    this.#stdout.push(stdout);
    this.#stderr.push(stderr);
    this.channel.write(`${line}\n${MarkedOutput.endedBy(mark, '"$?"')}; ${MarkedOutput.endedBy(mark, '0')} >&2\n`);
    return { stdout, stderr, status };
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#fail?.();
    for (const output of [...this.#stdout, ...this.#stderr]) output.cut();
  }
}

/** How a shell gives lines to a command. */
function redirected(input: string): string {
  if (input === '') return '</dev/null';
  const end = randomUUID();
  return `<<'${end}'\n${input}${end}`;
}

/** Gives what came to the outputs it belongs to. */
function take(outputs: MarkedOutput[], chunk: Buffer): void {
  for (let rest: Buffer | undefined = chunk; rest !== undefined && rest.length > 0;) {
    const [current] = outputs;
    rest = current?.take(rest);
    if (rest !== undefined) outputs.shift();
  }
}

function endOf(status: number): ProcessEnd {
  const signal = SIGNALS[status];
  return signal === undefined ? { exitCode: status, signal: null } : { exitCode: null, signal };
}
