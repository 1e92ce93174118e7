#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const [flag, ...rest] = process.argv.slice(2);
if (flag === '--version' && rest.length === 0) {
  // Asked by scripts all the time: answered without loading anything, in oclif's own words.
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}`);
} else {
  // Uploads pass through buffers beside the heap, which count as its growth: for so small a heap V8 would look for garbage all the time,
  // a third of kbs's whole CPU time with five hosts. It may grow fourfold in between.
  setFlagsFromString('--heap-growing-percent=300');
  const { execute } = await import('@oclif/core');
  await execute({ dir: import.meta.url });
}
