import { posix } from 'node:path';
import { script, type Host } from '../../host/index.js';
import type { FileSpec } from '../../steps/index.js';
import { parseYamlStream } from '../../yaml/index.js';

/** The kernel keeps that many characters of a program's name. */
const COMM_LENGTH = 15;
/** Between the words of a command line; none of them has it. */
const SEPARATOR = '\u001F';

/** A process that runs a static pod's program. */
export interface ProgramProcess {
  readonly pid: string;
  /** Its command line; empty when it has ended and is only still listed. */
  readonly argv: readonly string[];
}

/** A line for each process: name, identifier, command line. A process may end while it is looked at. */
const PROCESSES = `
for file in /proc/[0-9]*/comm; do
  read -r name <"$file" || continue
  case " $wanted " in *" $name "*) ;; *) continue ;; esac
  process=\${file%/comm}
  printf '%s %s ' "$name" "\${process#/proc/}"
  tr '\\0' '\\037' <"$process/cmdline"
  echo
done 2>/dev/null
true`;

/** The programs of static pods are called as their manifests. @param file a manifest of one container */
export function programOf({ path }: FileSpec): string {
  return posix.basename(path, '.yaml');
}

/**
 * What a static pod's process is started as. undefined when it cannot be told: the kubelet puts values in the place of `$(NAME)`.
 * @param file a manifest of one container
 */
export function commandOf({ content }: FileSpec): readonly string[] | undefined {
  interface Container {
    readonly command?: readonly string[];
    readonly args?: readonly string[];
  }
  const [pod] = parseYamlStream(content as string) as readonly { readonly spec?: { readonly containers?: readonly Container[] } }[];
  const { command, args = [] } = pod?.spec?.containers?.[0] ?? {};
  if (command === undefined) return undefined;
  const words = [...command, ...args];
  return words.some((word) => word.includes('$(')) ? undefined : words;
}

/** Processes of some programs, by program; one that does not run has none. */
export async function processesOf(host: Host, programs: readonly string[]): Promise<ReadonlyMap<string, readonly ProgramProcess[]>> {
  const nameOf = (program: string): string => program.slice(0, COMM_LENGTH);
  const lines = await host.run(script(PROCESSES, { wanted: programs.map(nameOf).join(' ') }), { retryOnLoss: true });
  const processes = lines.split('\n').flatMap((line) => {
    const [, name, pid, words] = /^(\S+) (\d+) (.*)$/.exec(line) ?? [];
    if (name === undefined || pid === undefined || words === undefined) return [];
    return [{ name, pid, argv: words.split(SEPARATOR).slice(0, -1) }];
  });
  return new Map(programs.map((program) => [program, processes.filter(({ name }) => name === nameOf(program))]));
}
