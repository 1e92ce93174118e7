import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/lab.js';
import { serverKeys } from './discovery-server.js';

/** What the registry's process serves. */
export interface RegistryContent {
  readonly address: string;
  readonly key: string;
  readonly certificate: string;
  /** `user:password` in base64. */
  readonly credentials: string;
  /** By path: manifests and blobs. */
  readonly objects: Readonly<Record<string, { readonly type: string; readonly digest: string; readonly base64: string }>>;
}

/** A request that the registry got. */
export interface RegistryRequest {
  readonly path: string;
  readonly status: number;
}

/** A registry on the lab's gateway: the pull half of the distribution API, with a certificate of its own CA and basic authentication. */
export interface Registry {
  /** `address:port`, as image names have it. */
  readonly host: string;
  readonly caCertificate: string;
  /** All requests so far. */
  requests(): Promise<readonly RegistryRequest[]>;
  stop(): Promise<void>;
}

const TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The image of one of the lab's archives, under a name and a tag; its layers are compressed already. */
function imageObjects(archive: string, name: string, tag: string): RegistryContent['objects'] {
  const file = (path: string): Buffer => execFileSync('tar', ['-xOf', archive, path], { maxBuffer: 1 << 28 });
  const [image] = JSON.parse(file('manifest.json').toString()) as { Config: string; Layers: string[] }[];
  if (image === undefined) throw new Error(`${archive} has no image`);
  const part = (mediaType: string, bytes: Buffer) => ({ mediaType, size: bytes.length, digest: digestOf(bytes), bytes });
  const config = part(TYPES.config, file(image.Config));
  const layers = image.Layers.map((path) => part(TYPES.layer, file(path)));
  const described = ({ mediaType, size, digest }: ReturnType<typeof part>) => ({ mediaType, size, digest });
  const text = { schemaVersion: 2, mediaType: TYPES.manifest, config: described(config), layers: layers.map(described) };
  const manifest = part(TYPES.manifest, Buffer.from(JSON.stringify(text)));
  const served = ({ mediaType, digest, bytes }: ReturnType<typeof part>) => ({ type: mediaType, digest, base64: bytes.toString('base64') });
  return {
    [`/v2/${name}/manifests/${tag}`]: served(manifest),
    [`/v2/${name}/manifests/${manifest.digest}`]: served(manifest),
    ...Object.fromEntries([config, ...layers].map((blob) => [`/v2/${name}/blobs/${blob.digest}`, served(blob)])),
  };
}

/** Starts a registry with one image from an archive, in a process of its own; it ends with the process that started it. */
export async function startRegistry(
  lab: Pick<Lab, 'gateway' | 'netns'>,
  image: { readonly archive: string; readonly name: string; readonly tag: string },
  login: { readonly username: string; readonly password: string },
): Promise<Registry> {
  const { ca, server } = await serverKeys(lab.gateway);
  const content: RegistryContent = {
    address: lab.gateway,
    key: server.privateKey.reveal(),
    certificate: server.certificate,
    credentials: Buffer.from(`${login.username}:${login.password}`).toString('base64'),
    objects: imageObjects(image.archive, image.name, image.tag),
  };
  const program = fileURLToPath(new URL('registry-process.ts', import.meta.url));
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), program];
  const child = spawn('ip', ['netns', 'exec', lab.netns, ...node], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<unknown> => {
    child.stdin.write(`${line}\n`);
    const reply = await lines.next();
    if (reply.done === true) throw new Error('the registry has ended');
    return JSON.parse(reply.value);
  };
  const { port } = (await ask(JSON.stringify(content))) as { port: number };
  return {
    host: `${lab.gateway}:${port}`,
    caCertificate: ca.certificate,
    requests: async () => ((await ask('requests')) as { requests: readonly RegistryRequest[] }).requests,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
