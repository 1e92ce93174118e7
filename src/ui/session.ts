import { randomBytes } from 'node:crypto';
import { createEventBus, type EventBus, type KbsEvent } from '../events/index.js';
import { KbsError, listKbsErrors, type KbsErrorJson } from '../errors/index.js';
import type { Secret } from '../secret/index.js';
import { watchCrashes } from './crashes.js';
import { renderError } from './error-view.js';
import { createJsonlSink } from './jsonl-sink.js';
import type { TerminalView } from './listr-view.js';
import { createPlainSink, type LogLevel } from './plain-sink.js';
import { promptLine, promptSecret } from './prompt.js';
import { RunLog } from './run-log.js';
import { watchSignals, type SignalWatch } from './signals.js';
import { createStyle, wantsColor, type Style } from './style.js';
import { computeTimings } from './timings.js';
import { renderTimings } from './timings-view.js';

/** What the global flags say about output. */
export interface OutputChoice {
  readonly format: 'text' | 'json' | 'jsonl';
  readonly logLevel: LogLevel;
  readonly isColorRefused: boolean;
  readonly showsTimings: boolean;
}

/** What a {@link Session} is made of. */
export interface SessionOptions extends OutputChoice {
  /** oclif's data folder, where the run logs are. */
  readonly dataDirectory: string;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
  readonly stderr?: NodeJS.WriteStream;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** One run of an operation as its user sees it: the bus, what is subscribed to it, questions, the result or the error. */
export class Session {
  readonly bus: EventBus;
  /** For text that goes to standard output. */
  readonly style: Style;
  readonly #options: SessionOptions;
  readonly #stdin: NodeJS.ReadStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #errorStyle: Style;
  readonly #log: RunLog;
  readonly #signals: SignalWatch;
  readonly #stopWatchingCrashes: () => void;
  readonly #events: KbsEvent[] = [];
  #view: TerminalView | undefined;
  #lateWarnings: string[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#stdin = options.stdin ?? process.stdin;
    this.#stdout = options.stdout ?? process.stdout;
    this.#stderr = options.stderr ?? process.stderr;
    const env = options.env ?? process.env;
    const styleFor = (isTerminal: boolean): Style => createStyle(wantsColor({ isTerminal, isRefused: options.isColorRefused, env }));
    this.style = styleFor(this.#stdout.isTTY);
    this.#errorStyle = styleFor(this.#stderr.isTTY);
    this.bus = createEventBus({ run: newRunId(new Date()), now: () => Date.now() });
    this.#log = new RunLog({ dataDirectory: options.dataDirectory, run: this.bus.run });
    this.bus.subscribe(this.#log.sink);
    this.#signals = watchSignals({ say: (line) => this.#say(line), beforeExit: () => this.#log.close() });
    this.#stopWatchingCrashes = watchCrashes((error) => this.fail(error));
  }

  /** Fires when the user asks to stop. */
  get signal(): AbortSignal {
    return this.#signals.signal;
  }

  /** Whether somebody can answer questions. */
  get isInteractive(): boolean {
    return this.#stdin.isTTY && this.#stderr.isTTY;
  }

  /** Width of the terminal that shows the result; undefined when the result goes elsewhere. */
  get width(): number | undefined {
    return this.#stdout.isTTY ? this.#stdout.columns : undefined;
  }

  /** Subscribes what the flags ask for. Asynchronous because the terminal view is loaded only when it is needed. */
  async start(): Promise<void> {
    if (this.#options.showsTimings) this.bus.subscribe((event) => this.#events.push(event));
    if (this.#options.format === 'jsonl') this.bus.subscribe(createJsonlSink((line) => this.#stdout.write(line)));
    else if (this.#stderr.isTTY && this.#options.logLevel === 'info') await this.#startView();
    else this.bus.subscribe(this.#plainSink(this.#options.logLevel));
  }

  /** Says which cluster this run is about: from now on the run log is a file. */
  useCluster(name: string): void {
    this.#log.open(name);
  }

  /**
   * Goes on only after a yes, by `--yes` or typed.
   * @throws KbsError CONFIRMATION_NEEDED without a terminal, CANCELLED after a no
   */
  async confirm(question: string, isConfirmed: boolean): Promise<void> {
    if (isConfirmed) return;
    if (!this.isInteractive) {
      throw new KbsError('CONFIRMATION_NEEDED', `${question} There is no terminal to ask on`, { remedy: ['add --yes to the command'] });
    }
    const answer = await this.#ask(() => promptLine(`${question} [y/N] `, this.#promptStreams()));
    if (!/^y(es)?$/i.test(answer.trim())) throw new KbsError('CANCELLED', 'not confirmed; nothing was changed');
  }

  /** Asks for a password or passphrase, and hides it in everything this run tells; undefined without a terminal. */
  async askSecret(question: string): Promise<Secret | undefined> {
    if (!this.isInteractive) return undefined;
    const secret = await this.#ask(() => promptSecret(question, this.#promptStreams()));
    this.bus.hide(secret);
    return secret;
  }

  /** Ends the run well: the result on standard output, as text or as JSON. */
  async succeed(result: object, text: string): Promise<void> {
    await this.#end();
    const { format } = this.#options;
    if (format === 'text') await this.#print(text === '' || text.endsWith('\n') ? text : `${text}\n`);
    else if (format === 'json') await this.#print(`${JSON.stringify(result, undefined, 2)}\n`);
    else await this.#print(this.#jsonlLine({ type: 'result', result }));
  }

  /** Ends the run badly: what went wrong on standard error, and as JSON on standard output when asked for. Returns the exit code. */
  async fail(error: unknown): Promise<number> {
    const list = listKbsErrors(error);
    const errors = this.bus.redact(list.map((part) => part.toJSON()));
    this.bus.emit({ type: 'error', errors });
    for (const part of list) if (part.code === 'INTERNAL') this.#noteStack(part);
    await this.#end();
    if (this.#options.format === 'json') await this.#print(`${JSON.stringify({ errors }, undefined, 2)}\n`);
    this.#tell(this.#renderFailure(errors));
    return this.#signals.exitCode ?? list[0].exit;
  }

  async #startView(): Promise<void> {
    const { createListrView } = await import('./listr-view.js');
    this.#view = createListrView(this.#stderr);
    this.bus.subscribe(this.#view.sink);
    // Warnings would be painted over: they come when the picture stands still.
    const warnings = createPlainSink({ write: (line) => this.#lateWarnings.push(line), level: 'warn', style: this.#errorStyle });
    this.bus.subscribe((event) => {
      if (event.type === 'warning') warnings(event);
    });
  }

  #plainSink(level: LogLevel) {
    return createPlainSink({ write: (line) => this.#stderr.write(line), level, style: this.#errorStyle });
  }

  async #end(): Promise<void> {
    this.#signals.stop();
    this.#stopWatchingCrashes();
    await this.#view?.end();
    for (const line of this.#lateWarnings.splice(0)) this.#stderr.write(line);
    if (this.#options.showsTimings) this.#tell(renderTimings(computeTimings(this.#events), this.#errorStyle));
    this.#log.close();
    if (this.#log.failure) this.#tell(`${this.#errorStyle.yellow('warning')} the run log is not complete: ${this.#log.failure.message}`);
  }

  #noteStack(error: KbsError): void {
    this.#log.open();
    this.#log.note({ stack: this.bus.redact(error.cause instanceof Error ? error.cause.stack : error.stack) });
  }

  #renderFailure(errors: readonly KbsErrorJson[]): string {
    return `\n${renderError(errors, { style: this.#errorStyle, runLog: this.#log.path })}`;
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    this.#view?.suspend();
    this.#signals.pause();
    try {
      return await ask();
    } finally {
      this.#signals.resume();
      this.#view?.resume();
    }
  }

  #promptStreams() {
    return { input: this.#stdin, output: this.#stderr };
  }

  #jsonlLine(body: object): string {
    return `${JSON.stringify({ v: 1, at: new Date().toISOString(), run: this.bus.run, ...body })}\n`;
  }

  /** At once, whatever is on the screen. */
  #say(line: string): void {
    if (this.#view) this.#view.note(line);
    else this.#tell(line);
  }

  #tell(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** Resolves when the text has left the process: a pipe that is read slowly must not cut a result short. */
  #print(text: string): Promise<void> {
    return new Promise((resolve) => this.#stdout.write(text, () => resolve()));
  }
}

/** Identifier of a run: time in UTC, so that names sort by age, and four random digits. */
function newRunId(now: Date): string {
  const [day = '', time = ''] = now.toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`;
}
