import { basename, dirname } from 'node:path/posix';
import { KbsError } from '../errors/index.js';
import type { ByteSource } from './byte-source.js';
import { script, sh, type Command } from './command.js';
import type { ExecOptions, ExecResult, UploadOptions } from './transport.js';

type Exec = (command: Command, options: ExecOptions) => Promise<ExecResult>;
type Open = (offset: number) => ByteSource;

const PREPARE_TIMEOUT_MS = 600_000;
/** Slower than this (bytes a millisecond) an upload is given up. */
const SLOWEST_BYTES_PER_MS = 20;
/** How often an upload goes on after a broken connection. */
const MOST_RESUMES = 5;
const WRONG_DIGEST = 65;

/** Digest of standard input. openssl uses the processor's instructions for it and takes a fifth of sha256sum's time. */
const DIGEST = `digest() { if command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r; else sha256sum; fi; }`;

/** Looks what is there: `have`, or the bytes that arrived earlier and what df says of the room. */
const PREPARE = `${DIGEST}
if [ ! -d "$dir" ]; then echo "the folder $dir does not exist" >&2; exit 1; fi
if [ -d "$target" ] && [ ! -L "$target" ]; then echo "$target is a folder" >&2; exit 1; fi
if [ -f "$target" ] && [ ! -L "$target" ] && [ "$(stat -c %s -- "$target")" = "$size" ]; then
  sum=$(digest <"$target") || exit 1
  if [ "\${sum%% *}" = "$sha256" ]; then
    chown 0:0 -- "$target" && chmod "$mode" -- "$target" || exit 1
    rm -f -- "$part"
    echo have
    exit 0
  fi
fi
if [ -f "$part" ] && [ "$(stat -c %s -- "$part")" -gt "$size" ]; then rm -f -- "$part" || exit 1; fi
offset=0
if [ -f "$part" ]; then offset=$(stat -c %s -- "$part") || exit 1; fi
echo "offset $offset"
df -Pk -- "$dir"`;

/** KiB that are free, in a line of `df -Pk`: the name of a file system may have blanks, what follows has not. */
const FREE = /\s(\d+)\s+\d+%\s+\//;

/**
 * Appends what comes in and computes the digest of the whole, which is in memory still: cheaper than passing everything through one
 * more pipe. Then the file takes its place. What filled the disk is taken away again, or everything else on the host would suffer
 * until the next run.
 */
const RECEIVE = `${DIGEST}
umask 077
cat >>"$part"
size_now=$(stat -c %s -- "$part") || exit 1
if [ "$size_now" -lt "$size" ]; then
  echo "only $size_now of $size bytes arrived" >&2
  df -Pk -- "$part" >&2
  free=$(df -Pk -- "$part" | awk 'NR == 2 { print $4 }')
  if [ "$((free * 1024))" -lt "$((size - size_now))" ]; then rm -f -- "$part"; fi
  exit 1
fi
sum=$(digest <"$part") || exit 1
if [ "$size_now" -gt "$size" ] || [ "\${sum%% *}" != "$sha256" ]; then
  rm -f -- "$part"
  echo "sha256 is \${sum%% *}" >&2
  exit ${WRONG_DIGEST}
fi
chown 0:0 -- "$part" && chmod "$mode" -- "$part" || exit 1
if [ -z "$short_lived" ]; then sync -- "$part" || exit 1; fi
mv -fT -- "$part" "$target"`;

/** Puts a large file on a machine; see {@link UploadOptions} and Transport.upload. */
export async function uploadFile(exec: Exec, open: Open, path: string, options: UploadOptions): Promise<void> {
  let wrongDigests = 0;
  for (let resumes = 0; ;) {
    try {
      const offset = await prepare(exec, path, options);
      if (offset === 'have') return options.onProgress?.(options.sizeBytes);
      if (await send(exec, open, path, options, offset)) return;
      if ((wrongDigests += 1) === 2) throw wrongDigest(path, options);
    } catch (error) {
      if (!(error instanceof KbsError) || error.code !== 'SSH_LOST' || (resumes += 1) > MOST_RESUMES) throw error;
    }
  }
}

function variables(path: string, { sha256, sizeBytes, mode, isShortLived = false }: UploadOptions) {
  // The name of the target keeps two uploads of the same content apart.
  const part = `${dirname(path)}/.kbs-part-${sha256.slice(0, 16)}-${basename(path)}`;
  return {
    target: path,
    dir: dirname(path),
    part,
    sha256,
    size: sizeBytes,
    mode: mode.toString(8),
    short_lived: isShortLived ? 'yes' : '',
  };
}

async function prepare(exec: Exec, path: string, options: UploadOptions): Promise<'have' | number> {
  const result = await exec(script(PREPARE, variables(path, options)), {
    timeoutMs: PREPARE_TIMEOUT_MS,
    privileged: true,
    retryOnLoss: true,
    ...withSignal(options),
  });
  if (result.exitCode !== 0) throw writeError(path, result);
  if (result.stdout.startsWith('have')) return 'have';
  const offset = Number(/^offset (\d+)$/m.exec(result.stdout)?.[1] ?? '0');
  const freeKiB = FREE.exec(result.stdout)?.[1];
  const neededBytes = options.sizeBytes - offset;
  if (freeKiB !== undefined && Number(freeKiB) * 1024 < neededBytes) {
    throw new KbsError('FILE_WRITE', `no room for ${path}: ${neededBytes} bytes needed, ${Number(freeKiB) * 1024} free`, {
      details: result.stdout.trimEnd().split('\n').slice(1),
      remedy: [sh`df -h ${dirname(path)}`.text],
    });
  }
  return offset;
}

/** true when the file is in place, false when what arrived has another digest. */
async function send(exec: Exec, open: Open, path: string, options: UploadOptions, offset: number): Promise<boolean> {
  const { onProgress } = options;
  const result = await exec(script(RECEIVE, variables(path, options)), {
    timeoutMs: PREPARE_TIMEOUT_MS + Math.ceil(options.sizeBytes / SLOWEST_BYTES_PER_MS),
    privileged: true,
    stdin: open(offset),
    ...(onProgress === undefined ? {} : { onSent: (bytes: number) => onProgress(offset + bytes) }),
    ...withSignal(options),
  });
  if (result.exitCode === WRONG_DIGEST) return false;
  if (result.exitCode !== 0) throw writeError(path, result);
  return true;
}

function withSignal({ signal }: UploadOptions): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

function writeError(path: string, result: ExecResult): KbsError {
  return new KbsError('FILE_WRITE', `${path} could not be written`, {
    details: result.stderr.trimEnd().split('\n'),
    remedy: [sh`df -h ${dirname(path)}; ls -ld ${dirname(path)}`.text],
  });
}

function wrongDigest(path: string, { sha256 }: UploadOptions): KbsError {
  return new KbsError('BUNDLE_DIGEST', `${basename(path)} arrived twice with another sha256 than ${sha256}`, {
    remedy: ['check the file on this machine: its content differs from what its digest says'],
  });
}
