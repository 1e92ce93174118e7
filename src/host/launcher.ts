import type { Duplex, Readable, Writable } from 'node:stream';

/** How a started process ended: exactly one of the two is set. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  /** `SIGKILL` and the like. */
  readonly signal: string | null;
}

/** A process that was started on a machine. */
export interface LaunchedProcess {
  /** `performance.now()` right before the start was asked for: the process began later, never earlier. */
  readonly askedMs: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process has ended and its output is complete. @throws KbsError SSH_LOST */
  readonly ended: Promise<ProcessEnd>;
  /** Lets go of the process: its streams are closed; it may live on. */
  abandon(): void;
}

/** What a shell that stays open does in a program's place. */
export interface SharedLaunch {
  /** Leaves the shell as it was; the processes are a group of their own. */
  readonly script: string;
  /** All of the input: lines, or nothing. */
  readonly input: string;
}

/** How a program is started. */
export interface LaunchOptions {
  /** Does not wait in the queue for a free channel. */
  readonly isUrgent?: boolean;
  /** It may as well run in a POSIX shell that is open already. */
  readonly shared?: SharedLaunch | undefined;
  /** What stands between single quotes arrives as it is: the login shell is none of csh or fish. */
  readonly keepsQuotes?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What is different between machines: how a process is started there. The rest of a Transport stands on this. */
export interface Launcher {
  readonly target: string;
  /** @throws KbsError SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY, SSH_KEY, CANCELLED */
  connect(signal: AbortSignal): Promise<void>;
  /**
   * Starts a program, after a new connection was made where the old one broke.
   * @param argv program and its arguments
   * @throws KbsError SSH_UNREACHABLE, SSH_LOST, SSH_AUTH, SSH_HOST_KEY, SSH_KEY, CANCELLED
   */
  launch(argv: readonly string[], options: LaunchOptions): Promise<LaunchedProcess>;
  /** @throws KbsError SSH_UNREACHABLE */
  dial(address: string, port: number): Promise<Duplex>;
  close(): Promise<void>;
}
