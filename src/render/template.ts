import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { PACKAGE_ROOT } from '../constants/index.js';
import { KbsError, messageOf } from '../errors/index.js';
import { printYamlScalar, yamlProblem } from '../yaml/index.js';

/** Templates in the package's `templates/`, without `.hbs`. */
export type TemplateName =
  | '10-kubeadm.conf'
  | 'Corefile'
  | 'check-endpoint'
  | 'containerd-config.toml'
  | 'containerd-credentials.toml'
  | 'containerd.service'
  | 'containers-registries.conf'
  | 'cri-docker.service'
  | 'cri-docker.socket'
  | 'crictl.yaml'
  | 'crio.conf'
  | 'crio.service'
  | 'etcd.service'
  | 'haproxy.cfg'
  | 'hosts.toml'
  | 'join-script.sh'
  | 'keepalived.conf'
  | 'kube-proxy-kubeconfig.yaml'
  | 'kube-vip.yaml'
  | 'kubeadm-flags.env'
  | 'kubelet.service'
  | 'local-lb.yaml'
  | 'proxy.conf'
  | 'runsc.toml'
  | 'static-pod.yaml';

const PARTIALS = { probe: 'probe.yaml' } as const;

const environment = Handlebars.create();
/** A YAML scalar, quoted where it has to be. */
environment.registerHelper('scalar', (value: string | number | boolean) => printYamlScalar(value));
/** A double-quoted text; JSON's escapes are TOML's too. */
environment.registerHelper('quoted', (value: string) => JSON.stringify(value));

const OPTIONS: CompileOptions = {
  // What is rendered is no HTML.
  noEscape: true,
  // A field that the input does not have is an error, not an empty text.
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: { scalar: true, quoted: true },
};

const compiled = new Map<TemplateName, HandlebarsTemplateDelegate<object>>();

function sourceOf(name: string): string {
  return readFileSync(join(PACKAGE_ROOT, 'templates', `${name}.hbs`), 'utf8');
}

function templateOf(name: TemplateName): HandlebarsTemplateDelegate<object> {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const partials = Object.fromEntries(
    Object.entries(PARTIALS).map(([partial, file]) => [partial, environment.compile(sourceOf(file), OPTIONS)]),
  );
  const delegate = environment.compile<object>(sourceOf(name), OPTIONS);
  const template: HandlebarsTemplateDelegate<object> = (input) => delegate(input, { partials });
  compiled.set(name, template);
  return template;
}

/**
 * Fills a template in.
 * @throws KbsError INTERNAL when the input lacks a field, or when a YAML template's result is no YAML
 */
export function renderTemplate(name: TemplateName, input: object): string {
  const text = filled(name, input);
  const problem = name.endsWith('.yaml') ? yamlProblem(text) : undefined;
  if (problem !== undefined) throw new KbsError('INTERNAL', `template ${name} gave no YAML: ${problem}`);
  return text;
}

function filled(name: TemplateName, input: object): string {
  try {
    return templateOf(name)(input);
  } catch (error) {
    const reason = messageOf(error);
    throw new KbsError('INTERNAL', `template ${name} cannot be filled in: ${reason}`, { cause: error });
  }
}
