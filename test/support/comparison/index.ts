export { hostsFacts } from './host-facts.js';
export { COMPARED_KINDS, objectsFacts } from './object-facts.js';
export { ANYTHING, judge, type Deviation } from './judge.js';
export { compareFacts, toFacts, type Difference, type Facts } from './tree.js';
export { readDryRun, type DryRun, type DryRunObject } from './dry-run.js';
