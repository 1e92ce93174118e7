import { setTimeout as sleep } from 'node:timers/promises';
import { KbsError } from '../errors/index.js';
import { sh, type Command } from './command.js';
import type { LaunchedProcess } from './launcher.js';
import { OutputCollector } from './output.js';
import { feedStdin } from './stdin.js';
import type { ExecOptions, ExecResult } from './transport.js';

const PID_LINE = /^kbs-pid (\d+)\n/m;
/** After the remote side should have ended a command: how much longer it is waited for. */
const GRACE_MS = 7_000;

/** What every command may rely on. */
const SETTING = 'PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; LC_ALL=C; export PATH LC_ALL; umask 022';

/** The beginning of a shell that runs a command, with a limit of its own where the host has `timeout`. */
function shellFor(timeoutSeconds: number | undefined): string {
  return `exec ${timeoutSeconds === undefined ? '' : `timeout -k 5 ${timeoutSeconds} `}/bin/sh -c`;
}

/** A shell script that names its process, sets up what every command may rely on, and becomes the command in `$1`. */
export function wrapperScript(timeoutSeconds: number | undefined): string {
  return `${SETTING}; echo "kbs-pid $$" >&2; ${shellFor(timeoutSeconds)} "$1"`;
}

/**
 * The same for a POSIX shell that goes on afterwards: a copy of it becomes the command, which costs the host one program less. In such a
 * copy `$$` is still the number of the shell itself.
 */
export function subshellScript(timeoutSeconds: number | undefined, command: Command): string {
  const text = sh`${command.text}`.text;
  return `(${SETTING}; read -r pid rest </proc/self/stat; echo "kbs-pid $pid" >&2; ${shellFor(timeoutSeconds)} ${text})`;
}

/** What {@link runProcess} needs besides the process. */
export interface RunProcessOptions extends Pick<ExecOptions, 'stdin' | 'onSent' | 'signal' | 'onLine' | 'timeoutMs'> {
  /** What goes to the process before its input. */
  readonly head: string;
  /** For messages. */
  readonly shown: string;
  /** The remote side ends the command itself when its time is over; the local clock is the fallback. */
  readonly isTimedRemotely: boolean;
  /** Ends the process and its children by the number of its process group; without it the process is only let go. */
  readonly kill?: (pid: number) => Promise<void>;
}

/**
 * Feeds a process, gathers its output and waits for its end.
 * @throws KbsError SSH_LOST, TIMEOUT, CANCELLED, REMOTE_COMMAND (too much output)
 */
export async function runProcess(launched: LaunchedProcess, options: RunProcessOptions): Promise<ExecResult> {
  const { onLine } = options;
  const stdout = new OutputCollector(onLine && ((line) => onLine('stdout', line)));
  const stderr = new OutputCollector(stderrLines(onLine));
  const stop = stopper(launched, stderr, options);
  launched.stdout.on('data', (chunk: Buffer) => stop.onFailure(() => stdout.add(chunk)));
  launched.stderr.on('data', (chunk: Buffer) => stop.onFailure(() => stderr.add(chunk)));
  feedStdin(launched.stdin, options.head, options).catch((error: unknown) => stop.because(error));
  try {
    const end = await Promise.race([launched.ended, stop.stopped]);
    // Why it was stopped says more than how it then ended.
    if (stop.isStopping()) await stop.stopped;
    if (options.isTimedRemotely && isTimeoutEnd(end) && performance.now() - launched.askedMs >= options.timeoutMs) throw timedOut(options);
    return { ...end, stdout: stdout.finish(), stderr: stderr.finish().replace(PID_LINE, '') };
  } finally {
    stop.release();
  }
}

function stderrLines(onLine: ExecOptions['onLine']): ((line: string) => void) | undefined {
  let sawPid = false;
  return (
    onLine &&
    ((line) => {
      if (sawPid || !PID_LINE.test(`${line}\n`)) onLine('stderr', line);
      else sawPid = true;
    })
  );
}

/** Ends a process before its time: aborted, too slow, too much output, a source that cannot be read. */
function stopper(launched: LaunchedProcess, stderr: OutputCollector, options: RunProcessOptions) {
  let reject: (error: unknown) => void;
  const stopped = new Promise<never>((_, rejectStopped) => (reject = rejectStopped));
  // Nobody waits for it any more when the process ended first.
  stopped.catch(() => undefined);
  let isStopping = false;
  const because = (error: unknown): void => {
    if (isStopping) return;
    isStopping = true;
    endProcess(launched, stderr, options).then(() => reject(error), reject);
  };
  const onAbort = (): void => because(new KbsError('CANCELLED', `cancelled: ${options.shown}`));
  const timer = setTimeout(() => because(timedOut(options)), options.timeoutMs + (options.isTimedRemotely ? GRACE_MS : 0));
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });
  return {
    stopped,
    because,
    isStopping: () => isStopping,
    onFailure(action: () => void): void {
      try {
        action();
      } catch (error) {
        because(error);
      }
    },
    release(): void {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    },
  };
}

async function endProcess(launched: LaunchedProcess, stderr: OutputCollector, options: RunProcessOptions): Promise<void> {
  const { kill } = options;
  if (!kill) return launched.abandon();
  const over = new AbortController();
  const ended = launched.ended.then(
    () => undefined,
    () => undefined,
  );
  const killed = findPid(stderr, over.signal).then(async (pid) => {
    if (pid === undefined) return;
    await kill(pid);
    await ended;
  });
  // A kill that fails leaves the process to its remote timeout; what stopped it is still the error to report.
  const harmless = killed.catch(() => undefined);
  await Promise.race([harmless, ended, sleep(GRACE_MS, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
  launched.abandon();
}

/** The process says its number first of all, but that takes a round trip after its start. */
async function findPid(stderr: OutputCollector, signal: AbortSignal): Promise<number | undefined> {
  while (!signal.aborted) {
    const pid = PID_LINE.exec(stderr.text())?.[1];
    if (pid !== undefined) return Number(pid);
    await sleep(20, undefined, { signal });
  }
  return undefined;
}

/** 124 after SIGTERM, 137 or death by SIGKILL when that did not help. Source: timeout(1). */
function isTimeoutEnd(end: { readonly exitCode: number | null; readonly signal: string | null }): boolean {
  return end.exitCode === 124 || end.exitCode === 137 || end.signal === 'SIGKILL';
}

function timedOut(options: RunProcessOptions): KbsError {
  return new KbsError('TIMEOUT', `not done after ${options.timeoutMs / 1000} s: ${options.shown}`);
}
