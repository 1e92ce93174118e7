import { dirname } from 'node:path/posix';
import { KbsError, toKbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';
import type { ByteSource } from './byte-source.js';
import { script, sh } from './command.js';
import { parseDigests, parseStats, unexpectedComplaints } from './files-parse.js';
import { evidence, type HostShell } from './host-shell.js';
import type { FileStat, RemoteFiles } from './host.js';
import type { Transport } from './transport.js';

const ABSENT = 66;

/** The temp file has its mode and owner before it gets its name, and is on the disk before it is seen. */
const WRITE = `
dir=$(dirname -- "$target")
tmp=$(mktemp "$dir/.kbs-XXXXXXXX") || exit 1
trap 'rm -f -- "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
if cat >"$tmp" && chown "$owner" -- "$tmp" && chmod "$mode" -- "$tmp" && sync -- "$tmp" && mv -fT -- "$tmp" "$target"; then exit 0; fi
df -Pk -- "$dir" >&2
exit 1`;

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

/** Files of a host through its shell. */
export class ShellFiles implements RemoteFiles {
  constructor(
    private readonly shell: HostShell,
    private readonly transport: Transport,
  ) {}

  async read(path: string): Promise<string | undefined> {
    const command = sh`if [ -e ${path} ]; then cat -- ${path}; else exit ${ABSENT}; fi`;
    const result = await this.shell.exec(command, { retryOnLoss: true });
    if (result.exitCode === ABSENT) return undefined;
    if (result.exitCode === 0) return result.stdout;
    throw this.#error('FILE_READ', `${path} could not be read`, evidence(result));
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

  async writeAtomic(path: string, content: string | Secret, options: { readonly mode: number; readonly owner?: string }): Promise<void> {
    const owner = options.owner ?? 'root:root';
    const variables = { target: path, mode: options.mode.toString(8), owner: owner.includes(':') ? owner : `${owner}:${owner}` };
    const result = await this.shell.exec(script(WRITE, variables), { stdin: content });
    if (result.exitCode !== 0)
      throw this.#error('FILE_WRITE', `${path} could not be written`, evidence(result), [sh`df -h ${dirname(path)}`.text]);
  }

  async upload(
    open: (offset: number) => ByteSource,
    path: string,
    options: { readonly mode: number; readonly sha256: string; readonly sizeBytes: number; readonly onProgress?: (bytes: number) => void },
  ): Promise<void> {
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
