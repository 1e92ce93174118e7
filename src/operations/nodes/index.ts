export { drainClusterNode, type DrainNodeOptions } from './drain.js';
export { addNode } from './add.js';
export { type NodeResult, type RemoveOptions } from './leaving.js';
export { removeNode } from './remove.js';
export { replaceNode, type ReplaceOptions } from './replace.js';
