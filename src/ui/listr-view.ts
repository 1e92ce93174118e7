import {
  DefaultRenderer,
  Listr,
  ListrDefaultRendererLogLevels,
  ListrLogger,
  ProcessOutput,
  type ListrTask,
  type ListrTaskWrapper,
} from 'listr2';
import type { EventSink } from '../events/index.js';
import { describeHosts, describePhase, RunProgress, type PhaseProgress } from './run-progress.js';

/** A live picture of a run on a terminal. */
export interface TerminalView {
  readonly sink: EventSink;
  /** Adds a line below the picture, at once. */
  note(line: string): void;
  /** Takes the picture away to make room for a question; `resume` brings it back. */
  suspend(): void;
  resume(): void;
  /** Draws the last picture, which stays, and gives the terminal back. */
  end(): Promise<void>;
}

const REDRAW_MS = 200;

type Gate = { readonly opened: Promise<boolean>; open(isUsed: boolean): void };
type Gates = { readonly start: Gate; readonly end: Gate };
type PhaseTask = ListrTask<object, typeof DefaultRenderer>;
type PhaseWrapper = ListrTaskWrapper<object, typeof DefaultRenderer, typeof DefaultRenderer>;

/**
 * Draws the run with listr2, which only draws: its tasks do nothing but wait for events. Phases appear when they
 * start, with what their hosts are doing below, and shrink to a line when they end.
 */
export function createListrView(output: NodeJS.WriteStream): TerminalView {
  const progress = new RunProgress();
  const gates = new Map<string, Gates>();
  const screen = new Screen(output);
  let drawing: Promise<unknown> = Promise.resolve();
  return {
    sink(event) {
      progress.take(event, Date.parse(event.at));
      if (event.type === 'run.start') {
        const phases = [...progress.phases.values()];
        for (const phase of phases) gates.set(phase.name, { start: createGate(), end: createGate() });
        drawing = screen.draw(phases.map((phase) => phaseTask(phase, gates.get(phase.name))));
      }
      if (event.type === 'phase.start') gates.get(event.phase)?.start.open(true);
      if (event.type === 'phase.end') gates.get(event.phase)?.end.open(true);
    },
    note: (line) => screen.note(line),
    suspend: () => screen.suspend(),
    resume: () => screen.resume(),
    async end() {
      screen.resume();
      for (const { start, end } of gates.values()) {
        start.open(false);
        end.open(true);
      }
      await drawing;
    },
  };
}

function phaseTask(phase: PhaseProgress, gates: Gates | undefined): ListrTask<object, typeof DefaultRenderer> {
  // listr2 asks twice: for all tasks before it draws, then right before a task runs. Not enabled is not drawn.
  let isAskedAgain = false;
  const isEnabled = (): boolean | Promise<boolean> => {
    if (isAskedAgain && gates) return gates.start.opened;
    isAskedAgain = true;
    return false;
  };
  return {
    title: phase.title,
    enabled: isEnabled,
    task: async (_context, task: PhaseWrapper) => {
      const redraw = (): void => {
        task.title = describePhase(phase, Date.now());
        task.output = describeHosts(phase, Date.now()).join('\n');
      };
      redraw();
      const timer = setInterval(redraw, REDRAW_MS);
      await gates?.end.opened;
      clearInterval(timer);
      task.title = describePhase(phase, Date.now());
      if (phase.state === 'skipped') task.skip(task.title);
      // What went wrong is told in full by the error view; here only the mark counts.
      if (phase.state !== 'succeeded' && phase.state !== 'skipped') throw new Error(phase.state);
    },
  };
}

function createGate(): Gate {
  let open: (isUsed: boolean) => void = () => undefined;
  const opened = new Promise<boolean>((resolve) => (open = resolve));
  return { opened, open };
}

/** The part of the terminal that listr2 draws on. */
class Screen {
  readonly #process: ProcessOutput;
  readonly #logger: ListrLogger<ListrDefaultRendererLogLevels>;
  readonly #notes: string[] = [];
  #isSuspended = false;
  #redraw: (() => void) | undefined;

  constructor(output: NodeJS.WriteStream) {
    // Both of its streams are standard error: standard output belongs to the result.
    this.#process = new ProcessOutput(output, output, { leaveEmptyLine: false });
    this.#logger = new ListrLogger({ useIcons: true, toStderr: [], processOutput: this.#process });
  }

  draw(tasks: readonly PhaseTask[]): Promise<unknown> {
    const renderer = this.#createRenderer();
    const list = new Listr<object, typeof DefaultRenderer, typeof DefaultRenderer>([...tasks], {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer,
      fallbackRenderer: renderer,
      rendererOptions: {
        logger: this.#logger,
        collapseErrors: false,
        showErrorMessage: false,
        formatOutput: 'truncate',
        icon: { [ListrDefaultRendererLogLevels.OUTPUT]: ' ' },
      },
    });
    return list.run().finally(() => (this.#redraw = undefined));
  }

  note(line: string): void {
    this.#notes.push(line);
    this.#redraw?.();
  }

  suspend(): void {
    if (this.#isSuspended || !this.#redraw) return;
    this.#isSuspended = true;
    this.#redraw();
    this.#process.release();
  }

  resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#process.hijack();
  }

  /** listr2's default renderer, with the notes below, and blank while this screen is suspended. */
  #createRenderer(): typeof DefaultRenderer {
    const decorate = (picture: string): string => (this.#isSuspended ? '' : [picture, ...this.#notes].join('\n'));
    const attach = (redraw: () => void): void => {
      this.#redraw = redraw;
    };
    return class extends DefaultRenderer {
      // Whether there is a terminal to draw on was decided before, by standard error and not by standard output.
      static override nonTTY = true;

      override async render(): Promise<void> {
        await super.render();
        attach(() => this.update());
      }

      override create(options?: Parameters<DefaultRenderer['create']>[0]): string {
        return decorate(super.create(options));
      }
    };
  }
}
