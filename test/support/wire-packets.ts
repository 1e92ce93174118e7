import { expect } from 'vitest';
import type { Lab } from '../lab/lab.js';

/** Ways on which packets of pods come from other hosts, each as nftables matches them. */
export type Ways<W extends string> = Readonly<Record<W, string>>;

/** Fewer come by chance: what is asked for once, or a router's own. */
const MANY = 20;

/** Packets that came to a host on each of the ways while something was done. */
export async function packetsDuring<W extends string>(
  lab: Pick<Lab, 'ssh'>,
  host: string,
  ways: Ways<W>,
  work: () => Promise<unknown>,
): Promise<Readonly<Record<W, number>>> {
  const names = Object.keys(ways) as W[];
  const counters = names.map((way) => `iifname eth0 ${ways[way]} counter`).join('\n');
  await lab.ssh(host, `echo 'table ip wire {\nchain in {\ntype filter hook prerouting priority -500;\n${counters}\n}\n}' | nft -f -`);
  try {
    await work();
    const { stdout } = await lab.ssh(host, 'nft list table ip wire');
    const counted = [...stdout.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets));
    return Object.fromEntries(names.map((way, index) => [way, counted[index] ?? 0])) as Record<W, number>;
  } finally {
    await lab.ssh(host, 'nft delete table ip wire');
  }
}

/** Many went one way, and none another. */
export function expectOnly<W extends string>(packets: Readonly<Record<W, number>>, way: W): void {
  for (const [name, count] of Object.entries<number>(packets)) {
    if (name === way) expect(count, name).toBeGreaterThan(MANY);
    else expect(count, name).toBe(0);
  }
}
