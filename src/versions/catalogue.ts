import { KbsError } from '../errors/index.js';
import builtIn from './catalogue.json' with { type: 'json' };
import { ARTIFACT_NAMES, type ArtifactName, type Catalogue, type CatalogueArtifact, type CatalogueImage } from './types.js';

type Fields = Readonly<Record<string, unknown>>;

const SHA256 = /^[0-9a-f]{64}$/;
const ARTIFACT_URL = /^https?:\/\/[^/]+\/./;

/** Reads one catalogue document and says where in it something is wrong. */
class CatalogueReader {
  constructor(private readonly source: string) {}

  fail(path: string, expected: string): never {
    throw new KbsError('ARTIFACT_MISSING', `the checksum file ${this.source} cannot be used: ${path} ${expected}`, {
      remedy: ['kbs explain ARTIFACT_MISSING'],
    });
  }

  fields(value: unknown, path: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(path, 'must be an object');
    return value as Fields;
  }

  digests(value: unknown, path: string): Record<string, string> {
    const digests: Record<string, string> = {};
    for (const [architecture, digest] of Object.entries(this.fields(value, path))) {
      if (typeof digest !== 'string' || !SHA256.test(digest)) this.fail(`${path}.${architecture}`, 'must be 64 lower-case hex digits');
      digests[architecture] = digest;
    }
    return digests;
  }

  /** A `..` in a path of a foreign file must not lead out of the bundle folder. */
  url(value: unknown, path: string): string {
    if (typeof value !== 'string' || value === '') this.fail(path, 'must be a text');
    if (value.split('/').includes('..')) this.fail(path, 'must not contain ".."');
    return value;
  }

  artifact(value: unknown, path: string): CatalogueArtifact {
    const fields = this.fields(value, path);
    const url = this.url(fields['url'], `${path}.url`);
    if (!ARTIFACT_URL.test(url)) this.fail(`${path}.url`, 'must be an http or https URL');
    const sha256: Record<string, Record<string, string>> = {};
    for (const [version, digests] of Object.entries(this.fields(fields['sha256'], `${path}.sha256`))) {
      sha256[version] = this.digests(digests, `${path}.sha256["${version}"]`);
    }
    return { url, sha256 };
  }

  image(value: unknown, path: string): CatalogueImage {
    const fields = this.fields(value, path);
    const url = this.url(fields['url'], `${path}.url`);
    if (url.startsWith('/') || url.includes('://')) this.fail(`${path}.url`, 'must be a relative path');
    return { url, sha256: this.digests(fields['sha256'], `${path}.sha256`) };
  }
}

/**
 * Checks the content of a `checksums.json`. Artifacts that this version of kbs has no use for are left out.
 * @param source file or URL, for messages
 * @throws KbsError ARTIFACT_MISSING when it has not the shape of a catalogue
 */
export function parseCatalogue(document: unknown, source: string): Catalogue {
  const reader = new CatalogueReader(source);
  const root = reader.fields(document, 'the document');
  const offered = reader.fields(root['artifacts'] ?? {}, 'artifacts');
  const artifacts: Partial<Record<ArtifactName, CatalogueArtifact>> = {};
  for (const name of ARTIFACT_NAMES) {
    if (offered[name] !== undefined) artifacts[name] = reader.artifact(offered[name], `artifacts.${name}`);
  }
  const images: Record<string, CatalogueImage> = {};
  for (const [reference, image] of Object.entries(reader.fields(root['images'] ?? {}, 'images'))) {
    images[reference] = reader.image(image, `images["${reference}"]`);
  }
  return Object.freeze({ source, artifacts, images });
}

let builtInCatalogue: Catalogue | undefined;

/** The digests that kbs itself is shipped with. Source: the checksums published with each official release. No images. */
export function loadBuiltInCatalogue(): Catalogue {
  builtInCatalogue ??= parseCatalogue(builtIn, "kbs's built-in catalogue");
  return builtInCatalogue;
}

/** Versions of an artifact in a catalogue, oldest first as far as the catalogue keeps that order. */
export function versionsIn(catalogue: Catalogue, name: ArtifactName): readonly string[] {
  return Object.keys(catalogue.artifacts[name]?.sha256 ?? {});
}
