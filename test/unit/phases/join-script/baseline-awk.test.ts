import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseJournal } from '../../../../src/host/journal-lines.js';
import type { JournalEntry } from '../../../../src/host/index.js';
import { baselineEntries } from '../../../../src/phases/baseline/index.js';
import { BASELINE_TO_JOURNAL } from '../../../../src/phases/join-script/baseline-awk.js';

const ROWS = [
  'tree\t/var/lib/kubelet\tdirectory',
  'tree\t/etc/kubernetes\tabsent',
  'tree\t/run/xtables.lock\tfile',
  'path\t/lib/modules\tabsent',
  'path\t/etc/systemd/system/a.wants\tdirectory',
  'unit\tnetwork-online.target\tinactive\t',
  'unit\tsystemd-networkd-wait-online.service\tactive\tenabled',
  'content\t/var/lib/kubelet\t',
  'content\t/var/lib/kubelet\tpods/"odd" name\\with\\all',
  'content\t/var/lib/containerd\tio.containerd',
  'sysctl\tnet.ipv4.ip_forward\t0',
  'sysctl\tkernel.panic\t 10 ',
  'link\tlo',
  'link\teth0',
  'mount\t/var/lib/kubelet/a b',
  'nft\tyes',
  'table\tip filter',
  'nft-chain\tip filter INPUT',
  'chain\tiptables INPUT',
  'runtime\tk8s.io',
  'image\tregistry.k8s.io/pause:3.8',
];

function sorted(entries: readonly JournalEntry[]): readonly string[] {
  return entries.map((entry) => JSON.stringify(entry)).sort();
}

test.each([
  ['of a host with everything', ROWS],
  ['of a host without nft and runtime', ROWS.filter((row) => !/^(nft|table|nft-chain|runtime|image)/.test(row))],
])('the script’s journal %s says what kbs’s own baseline says, its end last', (_case, rows) => {
  const text = `${rows.join('\n')}\n`;
  const printed = execFileSync('awk', ['-F', '\t', BASELINE_TO_JOURNAL], { input: text }).toString();
  expect(sorted(parseJournal(printed))).toEqual(sorted(baselineEntries(text)));
  expect(JSON.parse(printed.trim().split('\n').at(-1) ?? '')).toEqual({ kind: 'note', name: 'baseline', value: '1' });
});
