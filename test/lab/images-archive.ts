import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FIXED_TIME, type TarEntry, type WrittenTar, writeTar } from './images-layer.js';

/** A layer by its content; images that use the same object share the layer in their archive. */
export interface ImageLayer {
  /** What made it, for the image's history. */
  readonly name: string;
  readonly entries: readonly TarEntry[];
}

/** One image: a name, layers from the bottom up, and how it is run. */
export interface Image {
  /** With registry and tag. */
  readonly name: string;
  readonly layers: readonly ImageLayer[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  /** E.g. `53/udp`. */
  readonly ports?: readonly string[];
}

/**
 * Writes images into one docker-archive. Each distinct layer is in it once and compressed with gzip, as registries keep the layers of the
 * official images and tools that pull them write them. Source: the Docker Image Specification v1.2.
 */
export async function writeImageArchive(file: string, images: readonly Image[], architecture: string): Promise<void> {
  const scratch = await mkdtemp(join(dirname(file), '.layers-'));
  try {
    const layers = await writeLayers(scratch, images);
    const configs = images.map((image) => renderConfig(image, layersOf(image, layers), architecture));
    const manifest = images.map((image, index) => ({
      Config: configName(configs[index] ?? ''),
      RepoTags: [image.name],
      Layers: layersOf(image, layers).map(layerName),
    }));
    const distinct = new Map([...layers.values()].map((layer) => [layer.sha256, layer]));
    const entries: TarEntry[] = [
      ...[...distinct.values()].map((layer) => ({ path: layerName(layer), type: 'file' as const, source: layer.file, mode: 0o644 })),
      ...[...new Set(configs)].map((text) => ({ path: configName(text), type: 'text' as const, text })),
      { path: 'manifest.json', type: 'text', text: JSON.stringify(manifest) },
    ];
    await writeTar(file, entries, { asGiven: true });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeLayers(scratch: string, images: readonly Image[]): Promise<Map<ImageLayer, WrittenTar>> {
  const written = new Map<ImageLayer, WrittenTar>();
  for (const layer of images.flatMap((image) => image.layers)) {
    if (!written.has(layer)) written.set(layer, await writeTar(join(scratch, `${written.size}.tar.gz`), layer.entries, { gzip: true }));
  }
  return written;
}

function layersOf(image: Image, written: ReadonlyMap<ImageLayer, WrittenTar>): WrittenTar[] {
  return image.layers.map((layer) => written.get(layer)).filter((layer) => layer !== undefined);
}

function layerName({ sha256 }: WrittenTar): string {
  return `${sha256}.tar.gz`;
}

function configName(config: string): string {
  return `${createHash('sha256').update(config).digest('hex')}.json`;
}

function renderConfig(image: Image, layers: readonly WrittenTar[], architecture: string): string {
  const created = FIXED_TIME.toISOString();
  return JSON.stringify({
    architecture,
    os: 'linux',
    created,
    config: {
      Env: image.environment ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
      ...(image.command === undefined ? {} : { Cmd: image.command }),
      ...(image.user === undefined ? {} : { User: image.user }),
      ...(image.ports === undefined ? {} : { ExposedPorts: Object.fromEntries(image.ports.map((port) => [port, {}])) }),
      WorkingDir: image.workingDirectory ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ sha256 }) => `sha256:${sha256}`) },
    history: image.layers.map(({ name }) => ({ created, created_by: name })),
  });
}
