import { PassThrough, type Duplex } from 'node:stream';
import {
  Secret,
  type ByteSource,
  type Command,
  type ExecOptions,
  type ExecResult,
  type Transport,
  type UploadOptions,
} from '../../src/host/index.js';

/** How a command ends: its output, its whole outcome, an error, or a function of what was asked. */
export type FakeAnswer = string | Partial<ExecResult> | Error | ((text: string, stdin: string) => string | Partial<ExecResult>);

/** Answers by exact text, or by the first pattern that fits. */
export type FakeScript = Readonly<Record<string, FakeAnswer>> | readonly (readonly [match: string | RegExp, answer: FakeAnswer])[];

/** A transport to nowhere that remembers what it was asked to do. */
export interface FakeTransport extends Transport {
  /** Texts of all commands, in order. */
  readonly ran: string[];
  /** What each command of `ran` got as its input; secrets revealed. */
  readonly inputs: string[];
  /** Options of each command of `ran`. */
  readonly options: ExecOptions[];
  readonly uploads: { readonly path: string; readonly content: Buffer; readonly options: UploadOptions }[];
}

/** A transport that knows only the commands of its script: any other fails the test. */
export function fakeTransport(script: FakeScript = {}): FakeTransport {
  return new ScriptedTransport(Array.isArray(script) ? (script as Rules) : Object.entries(script as Record<string, FakeAnswer>));
}

type Rules = readonly (readonly [string | RegExp, FakeAnswer])[];

class ScriptedTransport implements FakeTransport {
  readonly target = 'nowhere';
  readonly ran: string[] = [];
  readonly inputs: string[] = [];
  readonly options: ExecOptions[] = [];
  readonly uploads: { path: string; content: Buffer; options: UploadOptions }[] = [];

  constructor(private readonly rules: Rules) {}

  async connect(): Promise<void> {
    // There is nobody to connect to.
  }

  async exec(command: Command, options: ExecOptions): Promise<ExecResult> {
    const stdin = await textOf(options.stdin);
    this.ran.push(command.text);
    this.inputs.push(stdin);
    this.options.push(options);
    const rule = this.rules.find(([match]) => (typeof match === 'string' ? match === command.text : match.test(command.text)));
    if (!rule) throw new Error(`unscripted command: ${command.text}`);
    const [, scripted] = rule;
    if (scripted instanceof Error) throw scripted;
    const answer = typeof scripted === 'function' ? scripted(command.text, stdin) : scripted;
    const result = { stdout: '', stderr: '', exitCode: 0, signal: null, ...(typeof answer === 'string' ? { stdout: answer } : answer) };
    for (const stream of ['stdout', 'stderr'] as const) {
      for (const line of result[stream].split('\n').slice(0, result[stream].endsWith('\n') ? -1 : undefined))
        options.onLine?.(stream, line);
    }
    return result;
  }

  async upload(open: (offset: number) => ByteSource, path: string, options: UploadOptions): Promise<void> {
    this.uploads.push({ path, content: Buffer.from(await textOf(open(0)), 'latin1'), options });
  }

  async dial(): Promise<Duplex> {
    return new PassThrough();
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

async function textOf(stdin: ExecOptions['stdin']): Promise<string> {
  if (stdin === undefined) return '';
  if (stdin instanceof Secret) return stdin.reveal();
  if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) return stdin.toString();
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('latin1');
}
