import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** Lower-case hex. */
export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** 100 000 bytes that repeat nowhere, so that a wrong offset changes the digest. */
export const KUBELET = Buffer.from(Array.from({ length: 20_000 }, (_, index) => String(index).padStart(5, '0')).join(''));
export const IMAGES = Buffer.from('all the images');

export const KUBELET_PATH = 'dl.k8s.io/release/v1.25.0/bin/linux/amd64/kubelet';
export const IMAGES_PATH = 'images/amd64/kubernetes-v1.25.0.tar';

/** A `checksums.json` for {@link KUBELET} and {@link IMAGES}. */
export function aChecksumFile(changes: { readonly kubelet?: string } = {}): Buffer {
  const archive = { url: 'images/{arch}/kubernetes-v1.25.0.tar', sha256: { amd64: sha256Of(IMAGES) } };
  return Buffer.from(
    JSON.stringify({
      artifacts: {
        kubelet: {
          url: 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubelet',
          sha256: { '1.25.0': { amd64: changes.kubelet ?? sha256Of(KUBELET) } },
        },
      },
      images: { 'registry.k8s.io/kube-apiserver:v1.25.0': archive, 'registry.k8s.io/pause:3.8': archive },
    }),
  );
}

/** What a mirror or a bundle holds. */
export function someFiles(changes: { readonly kubelet?: string } = {}): Record<string, Buffer> {
  return { 'checksums.json': aChecksumFile(changes), [KUBELET_PATH]: KUBELET, [IMAGES_PATH]: IMAGES };
}

/** Puts files below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Buffer>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** A tar with two programs, a folder and a link, as release archives have them. */
export async function anArchive(options: { readonly gzip: boolean }): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: './bin/', type: 'directory', mode: 0o755 });
  archive.entry({ name: './bin/containerd', mode: 0o755 }, 'containerd');
  archive.entry({ name: 'bin/ctr', mode: 0o700 }, 'ctr');
  archive.entry({ name: 'bin/latest', type: 'symlink', linkname: 'ctr' });
  archive.entry({ name: 'bin/empty', mode: 0o644 }, '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  return options.gzip ? gzipSync(content) : content;
}
