import { describe, expect, test } from 'vitest';
import { renderCompletion, SHELLS, type CompletionTree } from '../../../src/completion/index.js';
import { placesOf } from '../../../src/completion/tree.js';

const TREE: CompletionTree = {
  bin: 'tool',
  commands: [
    { path: 'go', summary: "Go where it's wanted", flags: [{ name: 'how', char: 'h', summary: '', value: ['slow', 'fast'] }], words: [] },
    { path: 'go home', summary: 'Go home', flags: [], words: [] },
    { path: 'box open', summary: 'Open', flags: [{ name: 'file', summary: 'Which', value: 'any' }], words: ['one', 'two'] },
  ],
  topics: { box: 'About boxes' },
};

describe('places where a word is completed', () => {
  test('are the start, topics and commands, a command that is a topic as well being one place', () => {
    expect(placesOf(TREE).map(({ path, words, flags }) => [path, words.map(({ word }) => word), flags.length])).toEqual([
      ['', ['box', 'go'], 0],
      ['box', ['open'], 0],
      ['box open', ['one', 'two'], 1],
      ['go', ['home'], 1],
      ['go home', [], 0],
    ]);
  });

  test('tell what a topic is about', () => {
    expect(placesOf(TREE)[0]?.words).toEqual([
      { word: 'box', summary: 'About boxes' },
      { word: 'go', summary: "Go where it's wanted" },
    ]);
  });
});

describe('scripts', () => {
  test.each(SHELLS)('%s: quotes do not end a word', (shell) => {
    const script = renderCompletion(shell, TREE);
    expect(script).not.toContain("where it's wanted");
    if (shell === 'zsh') expect(script).toContain("where it'\\''s wanted");
    if (shell === 'fish') expect(script).toContain("where it\\'s wanted");
  });
});
