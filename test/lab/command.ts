import { spawn } from 'node:child_process';
import { LabError } from './lab-error.js';

/** What a finished process left behind. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + signal number when a signal ended it, as a shell reports it. */
  readonly exitCode: number;
}

/** How a command is run. */
export interface CommandOptions {
  /** Text for standard input; without it standard input is empty. */
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** The process gets SIGKILL after this time. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a program to its end and returns its output, whatever its exit code. Rejects only when it cannot be started. */
export function capture(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...rest] = argv;
  if (program === undefined) return Promise.reject(new LabError('empty command'));
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: options.cwd,
      env: options.env === undefined ? process.env : { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program may end without reading its input; that is not an error of the caller.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new LabError(`${program}: ${error.message}`, undefined, { cause: error })));
    child.on('close', (code, signal) => {
      resolve({
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        exitCode: code ?? 128 + (signal === null ? 0 : (SIGNAL_NUMBERS[signal] ?? 0)),
      });
    });
  });
}

/** Runs a program and returns its standard output. @throws LabError when it ends with another code than 0. */
export async function output(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await capture(argv, options);
  if (result.exitCode !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-8).join('\n');
    throw new LabError(`${argv.join(' ')}: exit code ${result.exitCode}${said === '' ? '' : `\n${said}`}`);
  }
  return result.stdout;
}

/** Runs a program on the caller's own terminal and returns its exit code. */
export function interactive(argv: readonly string[]): Promise<number> {
  const [program, ...rest] = argv;
  if (program === undefined) return Promise.reject(new LabError('empty command'));
  return new Promise((resolve, reject) => {
    // Ctrl-C reaches the child through the terminal; it alone decides what that means.
    const ignore = (): void => undefined;
    process.on('SIGINT', ignore);
    const child = spawn(program, rest, { stdio: 'inherit' });
    child.on('error', (error) => reject(new LabError(`${program}: ${error.message}`, undefined, { cause: error })));
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore);
      resolve(code ?? 128 + (signal === null ? 0 : (SIGNAL_NUMBERS[signal] ?? 0)));
    });
  });
}
