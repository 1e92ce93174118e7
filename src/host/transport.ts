import type { Duplex } from 'node:stream';
import type { ByteSource } from './byte-source.js';
import type { Command } from './command.js';
import type { Secret } from '../secret/index.js';

/** How a command is run. */
export interface ExecOptions {
  /** Ended with SIGTERM, then SIGKILL, after this many milliseconds. */
  readonly timeoutMs: number;
  /** Run as root: through sudo when the login user is not root. */
  readonly privileged: boolean;
  /** Given to the command's standard input; closed at once when absent. */
  readonly stdin?: string | Buffer | Secret | ByteSource;
  /** Called with the bytes of `stdin` that have been sent so far, when it comes piece by piece. */
  readonly onSent?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** The command only reads: when the connection breaks it is run again over a new one. Without effect when `stdin` comes piece by piece. */
  readonly retryOnLoss?: boolean;
  /** Called for each whole line while the command runs. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** How a process ended: exactly one of `exitCode` and `signal` is set. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** How a file is put on a host. */
export interface UploadOptions {
  readonly mode: number;
  /** Lower-case hex; checked on the host before the file takes its name. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly signal?: AbortSignal;
  /** Bytes that arrived so far, resumed ones included. */
  readonly onProgress?: (bytes: number) => void;
  /** It is used at once and taken away: nobody waits until it is on the disk. Default: false. */
  readonly isShortLived?: boolean;
}

/** A way to a machine: SSH, or the machine kbs itself runs on. */
export interface Transport {
  /** For messages only: "core@10.0.0.11:22 via bastion". */
  readonly target: string;
  /**
   * Logs in and finds out how to become root. A login that may not become root is no error here, but one of the first
   * privileged `exec`, so that everything else can still be looked at.
   * @throws KbsError SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY, SSH_KEY, CANCELLED
   */
  connect(signal: AbortSignal): Promise<void>;
  /**
   * Resolves for every process that ended, whatever its exit code.
   * @throws KbsError SSH_LOST (outcome unknown), SSH_UNREACHABLE, TIMEOUT, CANCELLED, SUDO_DENIED, REMOTE_COMMAND (more than 64 MiB of output)
   */
  exec(command: Command, options: ExecOptions): Promise<ExecResult>;
  /**
   * Puts a file in place atomically as root, resuming an upload that was cut off.
   * @param open gives the content from a byte offset on
   * @throws KbsError SSH_LOST, FILE_WRITE, BUNDLE_DIGEST
   */
  upload(open: (offset: number) => ByteSource, path: string, options: UploadOptions): Promise<void>;
  /** A TCP connection as seen from the host. @throws KbsError SSH_UNREACHABLE */
  dial(address: string, port: number): Promise<Duplex>;
  close(): Promise<void>;
}
