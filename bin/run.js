#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const [flag, ...rest] = process.argv.slice(2);
if (flag === '--version' && rest.length === 0) {
  // Asked by scripts all the time: answered without loading anything, in oclif's own words.
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}`);
} else {
  const { execute } = await import('@oclif/core');
  await execute({ dir: import.meta.url });
}
