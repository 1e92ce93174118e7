export { drainClusterNode, type DrainNodeOptions } from './drain.js';
export { removeNode, type NodeResult, type RemoveOptions } from './remove.js';
export { replaceNode, type ReplaceOptions } from './replace.js';
