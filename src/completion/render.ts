import { renderBash } from './bash.js';
import { renderFish } from './fish.js';
import type { CompletionTree } from './tree.js';
import { renderZsh } from './zsh.js';

/** Shells there is a completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

const RENDER: Readonly<Record<Shell, (tree: CompletionTree) => string>> = { bash: renderBash, zsh: renderZsh, fish: renderFish };

/** A script that teaches a shell to complete the program's commands, flags and their values. Pure; the shell does not ask the program. */
export function renderCompletion(shell: Shell, tree: CompletionTree): string {
  return RENDER[shell](tree);
}
