import { describe, expect, test } from 'vitest';
import { MarkedOutput } from '../../../src/ssh/marked-output.js';

const MARK = '0d6f';

/** What comes out in these pieces: own output, words behind the mark, and what is behind all. */
async function taken(pieces: readonly (string | Buffer)[]) {
  const words: string[] = [];
  const output = new MarkedOutput(MARK, (word) => words.push(word));
  const behind: string[] = [];
  for (const piece of pieces) {
    if (words.length > 0) behind.push(piece.toString());
    else behind.push(...[output.take(Buffer.from(piece))?.toString()].filter((rest) => rest !== undefined));
  }
  if (words.length === 0) output.cut();
  const own: Buffer[] = [];
  for await (const chunk of output.stream as AsyncIterable<Buffer>) own.push(chunk);
  return { own: Buffer.concat(own).toString('latin1'), words, behind };
}

describe('output up to a mark', () => {
  test('is exactly what was printed, wherever it is cut into pieces', async () => {
    const whole = `a\n\x1eb\x1e0d6\n\x1e${MARK} 17\nnext`;
    for (let at = 0; at <= whole.length; at += 1) {
      const { own, words, behind } = await taken([whole.slice(0, at), whole.slice(at)]);
      expect({ own, words }, `cut at ${at}`).toEqual({ own: 'a\n\x1eb\x1e0d6\n', words: ['17'] });
      expect(behind.join(''), `cut at ${at}`).toBe('next');
    }
  });

  test('may have any bytes and no newline at its end', async () => {
    const bytes = Buffer.from([0, 0x1e, 0xff, 0x0a, 0x1e]);
    expect(await taken([bytes, `\x1e${MARK} 0\n`])).toEqual({ own: bytes.toString('latin1'), words: ['0'], behind: [''] });
  });

  test('is handed on at once: a line is not held back until more comes', () => {
    const output = new MarkedOutput(MARK, () => undefined);
    output.take(Buffer.from('kbs-pid 12\n'));
    expect((output.stream.read() as Buffer).toString()).toBe('kbs-pid 12\n');
  });

  test('that never ends with a mark tells no word', async () => {
    expect(await taken(['half', ` \x1e${MARK.slice(0, 2)}`])).toMatchObject({ own: 'half ', words: [] });
  });
});
