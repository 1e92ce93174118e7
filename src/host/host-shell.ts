import { KbsError, toKbsError } from '../errors/index.js';
import type { Command } from './command.js';
import type { RunOptions } from './host.js';
import { shorten } from './shell-transport.js';
import type { ExecResult, Transport } from './transport.js';

const TIMEOUT_MS = 60_000;
const EVIDENCE_LINES = 20;

/** Runs commands on one host, as root unless told otherwise, and puts the host's name into every error. */
export class HostShell {
  constructor(
    readonly hostName: string,
    private readonly transport: Transport,
  ) {}

  /** The raw outcome. @throws KbsError SSH_LOST, TIMEOUT, … as Transport.exec */
  async exec(command: Command, options: RunOptions = {}): Promise<ExecResult> {
    try {
      return await this.transport.exec(command, { timeoutMs: TIMEOUT_MS, privileged: true, ...options });
    } catch (error) {
      throw toKbsError(error, { host: this.hostName });
    }
  }

  /** Standard output as it is. @throws KbsError REMOTE_COMMAND on exit ≠ 0 */
  async output(command: Command, options?: RunOptions): Promise<string> {
    const result = await this.exec(command, options);
    if (result.exitCode !== 0) throw this.failed(command, result);
    return result.stdout;
  }

  /** A command that only reads: repeated when the connection breaks. */
  look(command: Command, options?: RunOptions): Promise<string> {
    return this.output(command, { retryOnLoss: true, ...options });
  }

  /** The error of a command that ended badly. */
  failed(command: Command, result: ExecResult): KbsError {
    const how = result.exitCode === null ? `was ended by ${result.signal}` : `failed with exit code ${result.exitCode}`;
    return new KbsError('REMOTE_COMMAND', `\`${shorten(command.text)}\` ${how}`, {
      where: { host: this.hostName },
      details: evidence(result),
    });
  }
}

/** The last lines of what a command said. */
export function evidence({ stderr, stdout }: ExecResult): readonly string[] {
  const said = stderr.trim() === '' ? stdout : stderr;
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-EVIDENCE_LINES);
}
