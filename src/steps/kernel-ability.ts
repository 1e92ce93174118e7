import { script, type Command, type Host } from '../host/index.js';
import type { KernelModule } from './types.js';

/**
 * What the kernel says of an ability: there (as a module or built in), to be had by modprobe, or not at all. `unknown`: nothing speaks for
 * it, but neither the kernel's configuration nor its list of built-in modules is on the host, so nothing speaks against it either.
 */
export type KernelAbility = 'loaded' | 'built-in' | 'loadable' | 'missing' | 'unknown';

/**
 * Reads only. Order matters: what is there is asked first, and modprobe only with --dry-run, because custom, hardened and nested
 * kernels have abilities without having modules.
 */
const ABILITY_FUNCTIONS = `
kernel=$(uname -r)
config_has() {
  if [ -r /proc/config.gz ]; then gzip -dc /proc/config.gz | grep -qx "$1=y"
  elif [ -r "/boot/config-$kernel" ]; then grep -qx "$1=y" "/boot/config-$kernel"
  else return 1; fi
}
has_evidence() {
  case $1 in
    CONFIG_*) config_has "$1" ;;
    *'#'*) grep -qw -- "\${1#*#}" "\${1%%#*}" 2>/dev/null ;;
    *) [ -e "$1" ] ;;
  esac
}
ability() {
  name=$1; shift
  folder=/sys/module/$(printf %s "$name" | tr - _)
  if [ -e "$folder/initstate" ]; then echo loaded; return; fi
  if [ -d "$folder" ]; then echo built-in; return; fi
  if grep -qE "/$(printf %s "$name" | sed 's/[-_]/[-_]/g')[.]ko" "/lib/modules/$kernel/modules.builtin" 2>/dev/null; then echo built-in; return; fi
  if PATH=$PATH:/usr/sbin:/sbin modprobe --dry-run --quiet "$name" 2>/dev/null; then echo loadable; return; fi
  for evidence in "$@"; do
    if has_evidence "$evidence"; then echo built-in; return; fi
  done
  if [ -r /proc/config.gz ] || [ -r "/boot/config-$kernel" ] || [ -r "/lib/modules/$kernel/modules.builtin" ]; then echo missing; else echo unknown; fi
}`;

/** The command behind {@link probeKernelAbilities}: one answer a line, in the order of the modules. */
export function kernelAbilityCommand(modules: readonly KernelModule[]): Command {
  const variables: Record<string, string> = {};
  const calls = modules.map(({ name, builtInEvidence = [] }, index) => {
    const words = [name, ...builtInEvidence].map((word, at) => {
      variables[`m${index}_${at}`] = word;
      return `"$m${index}_${at}"`;
    });
    return `ability ${words.join(' ')}`;
  });
  return script([ABILITY_FUNCTIONS, ...calls].join('\n'), variables);
}

const ANSWERS: readonly KernelAbility[] = ['loaded', 'built-in', 'loadable', 'missing', 'unknown'];

/** Reads the answers of {@link kernelAbilityCommand}. */
export function parseKernelAbilities(modules: readonly KernelModule[], answer: string): ReadonlyMap<string, KernelAbility> {
  const lines = answer.split('\n');
  return new Map(
    modules.map(({ name }, index) => {
      const line = lines[index]?.trim();
      return [name, ANSWERS.find((answer) => answer === line) ?? 'unknown'];
    }),
  );
}

/** Asks the kernel of a host what it can do. One round trip, changes nothing. */
export async function probeKernelAbilities(host: Host, modules: readonly KernelModule[]): Promise<ReadonlyMap<string, KernelAbility>> {
  if (modules.length === 0) return new Map();
  return parseKernelAbilities(modules, await host.run(kernelAbilityCommand(modules)));
}
