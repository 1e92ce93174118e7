import { Command, Errors, Flags } from '@oclif/core';
import type { Session } from '../ui/index.js';

const GROUP = { helpGroup: 'GLOBAL' } as const;

/** What a command does between its flags and its result. */
export interface Operation<Result extends object> {
  /** The work. Everything it needs from the user's side is in the session: bus, signal, questions. */
  run(session: Session): Promise<Result>;
  /** The result for people; `--output json` prints the result itself. */
  text(result: Result, session: Session): string;
  /** Exit code other than 0 for a result that is no failure (`plan --exit-code`). */
  exit?(result: Result): number;
}

/** Values of the global flags, as `this.parse` gives them. */
export interface GlobalFlags {
  readonly output: 'text' | 'json' | 'jsonl';
  readonly 'no-color': boolean;
  readonly 'log-level': 'error' | 'warn' | 'info' | 'debug';
  readonly timings: boolean;
}

/** What every kbs command has: global flags, one way to run, one way to fail. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    output: Flags.option({
      ...GROUP,
      char: 'o',
      options: ['text', 'json', 'jsonl'] as const,
      default: 'text',
      summary: 'Form of the result on standard output; jsonl: every event of the run, the result last.',
    })(),
    'no-color': Flags.boolean({ ...GROUP, summary: 'No colours; NO_COLOR does the same.' }),
    'log-level': Flags.option({
      ...GROUP,
      options: ['error', 'warn', 'info', 'debug'] as const,
      default: 'info',
      summary: 'How much is told on standard error; debug: every step and its output.',
    })(),
    timings: Flags.boolean({ ...GROUP, summary: 'Tell at the end where the time went: critical path and phases.' }),
  };

  #session: Session | undefined;

  /** Runs an operation in a session of its own and prints its result. Errors are reported by {@link BaseCommand.catch}. */
  protected async operate<Result extends object>(flags: GlobalFlags, operation: Operation<Result>): Promise<Result> {
    const session = await this.#openSession(flags);
    const result = await operation.run(session);
    await session.succeed(result, flags.output === 'text' ? operation.text(result, session) : '');
    process.exitCode = operation.exit?.(result) ?? 0;
    return result;
  }

  /** Reports whatever a command throws, and gives oclif the exit code for both of its ways to exit. */
  protected override async catch(error: Error & { readonly oclif?: unknown }): Promise<never> {
    // Wrong flags and arguments are oclif's own errors: it prints them with usage and exits with 2.
    if (error.oclif !== undefined) throw error;
    const session = this.#session ?? (await this.#openSession(DEFAULT_FLAGS));
    const exit = await session.fail(error);
    // Already reported; oclif reads the exit code from one place or the other, depending on how it was started.
    throw Object.assign(new Errors.ExitError(exit), { exitCode: exit, cause: error });
  }

  async #openSession(flags: GlobalFlags): Promise<Session> {
    const { Session: SessionClass } = await import('../ui/index.js');
    this.#session = new SessionClass({
      format: flags.output,
      logLevel: flags['log-level'],
      isColorRefused: flags['no-color'],
      showsTimings: flags.timings,
      dataDirectory: this.config.dataDir,
    });
    await this.#session.start();
    return this.#session;
  }
}

const DEFAULT_FLAGS: GlobalFlags = { output: 'text', 'no-color': false, 'log-level': 'info', timings: false };
