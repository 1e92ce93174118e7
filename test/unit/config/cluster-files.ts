import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseClusterFile, type LoadedCluster } from '../../../src/config/index.js';
import { KbsError } from '../../../src/errors/index.js';

/** Path of a cluster file made for a test. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}.yaml`, import.meta.url));
}

/** Reads a fixture without looking at the files it names. */
export function parseFixture(name: string): LoadedCluster {
  return parseText(readFileSync(fixturePath(name), 'utf8'));
}

/** Reads a text as the file `c.yaml` in /base of somebody whose home is /home/me. */
export function parseText(text: string): LoadedCluster {
  return parseClusterFile(text, 'c.yaml', { baseDirectory: '/base', homeDirectory: '/home/me' });
}

/** A valid file with further lines in `spec` (indented by two spaces). */
export function aClusterFile(lines: string): string {
  const hosts = /^ {2}hosts:/m.test(lines) ? '' : '  hosts: [{ name: cp1, address: 10.0.0.11, roles: [control-plane, worker] }]\n';
  return `apiVersion: kbs.dev/v1alpha1\nkind: Cluster\nspec:\n${hosts}${lines}\n`;
}

/** The error that an action throws; an action that does not throw fails the test. */
export function thrownBy(action: () => unknown): KbsError {
  try {
    action();
  } catch (error) {
    if (error instanceof KbsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Problems of a text as `line:col path`, without the prose. */
export function placesIn(error: KbsError): readonly string[] {
  return error.details.map((detail) => detail.replace(/^c\.yaml:/, '').replace(/ — .*$/, ''));
}
