/** Exit codes of a process that a signal ended, as shells have them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Listens for the user's wish to stop. */
export interface SignalWatch {
  /** Fires with the first signal. */
  readonly signal: AbortSignal;
  /** Of the signal that came; undefined when none did. */
  readonly exitCode: number | undefined;
  /** While a question is open, Ctrl-C belongs to the question. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/**
 * The first SIGINT or SIGTERM asks the run to stop after the steps it is in; the second ends the process at once.
 * @param options.say tells the user
 * @param options.beforeExit last chance to put things on disk, synchronously
 */
export function watchSignals(options: { readonly say: (line: string) => void; readonly beforeExit: () => void }): SignalWatch {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let isPaused = false;
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    if (isPaused && name === 'SIGINT') return;
    if (controller.signal.aborted) {
      options.beforeExit();
      process.exit(EXIT_CODES[name]);
    }
    exitCode = EXIT_CODES[name];
    options.say('Stopping: steps that are running finish first. Once more ends kbs at once.');
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    pause: () => (isPaused = true),
    resume: () => (isPaused = false),
    stop: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
