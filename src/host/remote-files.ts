import { dirname } from 'node:path/posix';
import { KbsError, toKbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';
import { Batch } from './batch.js';
import type { ByteSource } from './byte-source.js';
import { sh } from './command.js';
import { parseDigests, parseStats, unexpectedComplaints } from './files-parse.js';
import { readTogether, writeTogether, type FileToWrite } from './files-together.js';
import { evidence, type HostShell } from './host-shell.js';
import type { FileStat, RemoteFiles } from './host.js';
import type { ExecResult, Transport, UploadOptions } from './transport.js';

const ABSENT = 66;

const REMOVE = `
status=0
for path do
  if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir --ignore-fail-on-non-empty -- "$path" || status=1
  else rm -f -- "$path" || status=1; fi
done
exit $status`;

/** openssl takes a fifth of sha256sum's time, but not every host has it. */
const DIGESTS = `
for path do
  shift
  if [ -f "$path" ] && [ ! -L "$path" ]; then set -- "$@" "$path"; fi
done
if [ $# -eq 0 ]; then exit 0; fi
if command -v openssl >/dev/null 2>&1 && openssl dgst -sha256 -r "$@" 2>/dev/null; then exit 0; fi
sha256sum -- "$@"`;

/** Files of a host through its shell. Those that are read or written at the same time go in one command. */
export class ShellFiles implements RemoteFiles {
  readonly #reads = new Batch<string, string | undefined>((paths) => this.#readAll(paths));
  readonly #writes = new Batch<FileToWrite, void>((files) => this.#writeAll(files));

  constructor(
    private readonly shell: HostShell,
    private readonly transport: Transport,
  ) {}

  read(path: string): Promise<string | undefined> {
    return this.#reads.ask(path);
  }

  async #readOne(path: string): Promise<string | undefined> {
    const command = sh`if [ -e ${path} ]; then cat -- ${path}; else exit ${ABSENT}; fi`;
    const result = await this.shell.exec(command, { retryOnLoss: true });
    if (result.exitCode === ABSENT) return undefined;
    if (result.exitCode === 0) return result.stdout;
    throw this.#error('FILE_READ', `${path} could not be read`, evidence(result));
  }

  /** One that cannot be read is asked for again by itself, and says what is wrong with it. */
  #readAll(paths: readonly string[]): readonly Promise<string | undefined>[] {
    if (paths.length === 1) return paths.map((path) => this.#readOne(path));
    const { command, parse } = readTogether(paths);
    const texts = this.shell.exec(command, { retryOnLoss: true }).then(({ stdout }) => parse(stdout));
    return paths.map(async (path, index) => {
      const text = (await texts)[index];
      return text === undefined ? this.#readOne(path) : (text ?? undefined);
    });
  }

  async readSecret(path: string): Promise<Secret | undefined> {
    const text = await this.read(path);
    return text === undefined ? undefined : new Secret(text);
  }

  async stat(paths: readonly string[]): Promise<ReadonlyMap<string, FileStat | undefined>> {
    if (paths.length === 0) return new Map();
    const result = await this.shell.exec(sh`stat -c '%.3Z %f %s %U %G %n' -- ${paths}`, { retryOnLoss: true });
    this.#assertReadable(result.stderr, result.exitCode, 'the state of files could not be read');
    return parseStats(paths, result.stdout);
  }

  async sha256(paths: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    if (paths.length === 0) return new Map();
    const command = sh`set -- ${paths}${{ text: DIGESTS }}`;
    const result = await this.shell.exec(command, { retryOnLoss: true, timeoutMs: 600_000 });
    this.#assertReadable(result.stderr, result.exitCode, 'digests could not be computed');
    return parseDigests(paths, result.stdout);
  }

  writeAtomic(path: string, content: string | Secret, options: { readonly mode: number; readonly owner?: string }): Promise<void> {
    const owner = options.owner ?? 'root:root';
    return this.#writes.ask({ path, content, mode: options.mode, owner: owner.includes(':') ? owner : `${owner}:${owner}` });
  }

  /** When several cannot be written together each is written by itself, and says what is wrong with it. */
  #writeAll(files: readonly FileToWrite[]): readonly Promise<void>[] {
    const together = this.#write(files);
    return files.map(async (file) => {
      let result = await together;
      if (result.exitCode !== 0 && files.length > 1) result = await this.#write([file]);
      if (result.exitCode === 0) return;
      throw this.#error('FILE_WRITE', `${file.path} could not be written`, evidence(result), [sh`df -h ${dirname(file.path)}`.text]);
    });
  }

  #write(files: readonly FileToWrite[]): Promise<ExecResult> {
    const { command, stdin } = writeTogether(files);
    return this.shell.exec(command, { stdin });
  }

  async upload(open: (offset: number) => ByteSource, path: string, options: Omit<UploadOptions, 'signal'>): Promise<void> {
    try {
      await this.transport.upload(open, path, options);
    } catch (error) {
      throw toKbsError(error, { host: this.shell.hostName });
    }
  }

  async remove(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const result = await this.shell.exec(sh`set -- ${paths}${{ text: REMOVE }}`);
    if (result.exitCode !== 0) throw this.#error('FILE_WRITE', 'files could not be removed', evidence(result));
  }

  /** A path that is not there is an answer; anything else these programs complain of is not. */
  #assertReadable(stderr: string, exitCode: number | null, message: string): void {
    if (exitCode === 0) return;
    const complaints = unexpectedComplaints(stderr);
    if (exitCode !== 1 || complaints.length > 0) throw this.#error('FILE_READ', message, complaints);
  }

  #error(code: 'FILE_READ' | 'FILE_WRITE', message: string, details: readonly string[], remedy: readonly string[] = []): KbsError {
    return new KbsError(code, message, { where: { host: this.shell.hostName }, details, remedy });
  }
}
