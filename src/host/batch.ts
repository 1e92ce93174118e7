/** Requests that go in one command at most. */
const MOST = 64;

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Promise<Answer>) => void;
}

/**
 * Gathers what is asked for in one turn of the event loop and has it done together: a host far away is asked once for twenty files, and
 * starts one shell for them.
 */
export class Batch<Request, Answer> {
  #waiting: Waiting<Request, Answer>[] = [];

  /** @param together does them all, and tells of each by itself how it went; the answers in the order of the requests */
  constructor(private readonly together: (requests: readonly Request[]) => readonly Promise<Answer>[]) {}

  /** Settles as the request's own answer does. */
  ask(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#waiting.push({ request, resolve }) === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += MOST) {
      const part = waiting.slice(from, from + MOST);
      const answers = this.together(part.map(({ request }) => request));
      part.forEach(({ resolve }, index) => resolve(answers[index] ?? Promise.reject(new Error('a request of a batch was left out'))));
    }
  }
}
