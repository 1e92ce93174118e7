import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOGUE_FILE, type Catalogue, type CatalogueArtifact } from '../lab/artifacts-catalogue.js';
import { output } from '../lab/command.js';

/** What a copy of a bundle holds besides; its artifacts may be such as the lab itself does not make. */
export interface Added extends Partial<Pick<Catalogue, 'images'>> {
  readonly artifacts?: Readonly<Record<string, CatalogueArtifact>>;
}

/**
 * A copy of a bundle with more in it; big files are shared with the original.
 * @param add puts files into the copy, never over those that are there, and tells its entries in the catalogue
 * @returns `to`
 */
export async function bundleWith(from: string, to: string, add: (copy: string) => Promise<Added>): Promise<string> {
  await output(['cp', '-al', from, to]);
  const { artifacts, images } = await add(to);
  const file = join(to, CATALOGUE_FILE);
  const catalogue = JSON.parse(await readFile(file, 'utf8')) as Catalogue;
  const more = { artifacts: { ...catalogue.artifacts, ...artifacts }, images: { ...catalogue.images, ...images } };
  // A new file: the old one is shared with the original.
  await rm(file);
  await writeFile(file, JSON.stringify({ ...catalogue, ...more }));
  return to;
}
