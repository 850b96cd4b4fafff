import type { BalanceQuery, LookupResult, Source, SourceState } from "../plugin.ts";
import type { Outcome } from "../protocol/status.ts";
import { failed, judge } from "./judge.ts";
import { messageOf, saidAtAbort } from "./thrown.ts";

export interface Limits {
  /** The deadline of one lookup. */
  readonly timeoutMs: number;
  /** Lookups under way at once; one more is turned away. */
  readonly maxInFlight: number;
  /** Told of each lookup that the source was asked, and how long it took. */
  readonly onAnswer?: ((reason: Outcome["reason"], seconds: number) => void) | undefined;
  /** The file of an operator's own plugin: the details of its failures start with it. */
  readonly file?: string | undefined;
  /** Takes out of what such a plugin says whatever the configuration got from the environment and from files. */
  readonly mask?: ((text: string) => string) | undefined;
}

/** What the server sees of a source: it answers with an outcome, in time, whatever the plugin does. */
export interface GuardedSource {
  /** Never throws and never rejects. A source that answers at once costs no promise. */
  lookup(query: BalanceQuery): Outcome | Promise<Outcome>;
  /** Lookups under way. */
  readonly inFlight: number;
  /** Why the source is not ready, in words, or `undefined` if it is. */
  check(): Promise<string | undefined>;
  /** How the source says it is; empty if it says nothing, or throws. */
  state(): SourceState;
  /** Closes the source when its last lookup is answered, which the deadline bounds, or after so long. */
  close(waitMs?: number): Promise<void>;
}

/** How many lookups that answer at once share a signal: what they leave listening on it does not pile up. */
const MAX_LENDINGS = 100;

const OVERLOADED: Outcome = { reason: "overloaded" };

/** Puts the deadline, the limit and the re-check of every answer around a source (spec 3.6). */
export function guard(
  source: Source,
  { timeoutMs, maxInFlight, onAnswer, file, mask = asItIs }: Limits,
): GuardedSource {
  let inFlight = 0;
  let onIdle: (() => void) | undefined;
  // Making an AbortController costs more than a SQLite read. One that was lent to a lookup which
  // answered at once has not been aborted and is no one's any more, so the next lookup gets it.
  let spare = new AbortController();
  let lendings = 0;

  function lend(): AbortController {
    lendings += 1;
    if (lendings % MAX_LENDINGS === 0) spare = new AbortController();
    return spare;
  }

  function named(outcome: Outcome): Outcome {
    if (file === undefined || !("detail" in outcome) || outcome.detail === undefined) return outcome;
    return { ...outcome, detail: `${file}: ${mask(outcome.detail)}` };
  }

  function late(error?: unknown): Outcome {
    const said = saidAtAbort(error);
    const detail = `no answer within ${timeoutMs} ms${said === undefined ? "" : `: ${said}`}`;
    return named({ reason: "source_timeout", detail });
  }

  function lookup(query: BalanceQuery): Outcome | Promise<Outcome> {
    if (inFlight >= maxInFlight) return OVERLOADED;
    const startedMs = performance.now();
    const controller = lend();
    let outcome: Outcome;
    let tookMs: number | undefined;
    try {
      const answer = source.lookup(query, controller.signal);
      if (isThenable(answer)) {
        spare = new AbortController();
        return awaitAnswer(answer, controller, startedMs);
      }
      tookMs = performance.now() - startedMs;
      // Blocking does not buy time: whoever waited has given up by now.
      outcome = tookMs > timeoutMs ? late() : named(judge(answer));
    } catch (error) {
      outcome = named(failed(error));
    }
    onAnswer?.(outcome.reason, (tookMs ?? performance.now() - startedMs) / 1000);
    return outcome;
  }

  function awaitAnswer(
    answer: PromiseLike<unknown>,
    controller: AbortController,
    startedMs: number,
  ): Promise<Outcome> {
    inFlight += 1;
    return new Promise((resolve) => {
      let isSettled = false;
      function settle(outcome: Outcome): void {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(deadline);
        inFlight -= 1;
        if (inFlight === 0) onIdle?.();
        onAnswer?.(outcome.reason, (performance.now() - startedMs) / 1000);
        resolve(outcome);
      }
      const deadline = setTimeout(() => {
        controller.abort(deadlineError(timeoutMs));
        // A source that can say how far it had come rejects in this turn; nobody waits for it longer.
        setImmediate(() => settle(late()));
      }, timeoutMs);
      // A late answer, or a later rejection, arrives here too and is dropped.
      Promise.resolve(answer).then(
        (value) => settle(controller.signal.aborted ? late() : named(judge(value))),
        (error: unknown) => settle(controller.signal.aborted ? late(error) : named(failed(error))),
      );
    });
  }

  return {
    lookup,
    get inFlight() {
      return inFlight;
    },
    async check() {
      const problem = await checkWithin(source, timeoutMs);
      return problem === undefined || file === undefined ? problem : `${file}: ${mask(problem)}`;
    },
    state: () => stateOf(source),
    async close(waitMs) {
      if (inFlight > 0) {
        const idle = new Promise<void>((resolve) => (onIdle = resolve));
        await (waitMs === undefined ? idle : Promise.race([idle, Bun.sleep(waitMs)]));
      }
      await source.close?.();
    },
  };
}

function asItIs(text: string): string {
  return text;
}

const MAX_STATE_VALUES = 12;
const MAX_STATE_CHARACTERS = 100;
const STATE_NAME = /^[a-z][a-z0-9_]{0,40}$/;

/** Plain and short, whatever a plugin says. */
function stateOf(source: Source): SourceState {
  try {
    const entries = Object.entries(source.state?.() ?? {}).filter(
      ([name, value]) =>
        STATE_NAME.test(name) &&
        (typeof value === "boolean" || typeof value === "number" || typeof value === "string"),
    );
    return Object.fromEntries(
      entries
        .slice(0, MAX_STATE_VALUES)
        .map(([name, value]) => [
          name,
          typeof value === "string" ? value.slice(0, MAX_STATE_CHARACTERS) : value,
        ]),
    );
  } catch {
    return {};
  }
}

function isThenable(answer: LookupResult | PromiseLike<LookupResult>): answer is PromiseLike<LookupResult> {
  return typeof answer === "object" && answer !== null && "then" in answer;
}

/** Runs a source's own check under a deadline of its own, whose timer ends with it: it would hold the process. */
async function checkWithin(source: Source, timeoutMs: number): Promise<string | undefined> {
  const controller = new AbortController();
  const { promise: timedOut, resolve } = Promise.withResolvers<string>();
  const late = `the check did not end within ${timeoutMs} ms`;
  const deadline = setTimeout(() => {
    controller.abort(deadlineError(timeoutMs));
    setImmediate(() => resolve(late));
  }, timeoutMs);
  const checked = (async () => {
    await source.check?.(controller.signal);
    return undefined;
  })().catch((error: unknown) => {
    if (!controller.signal.aborted) return messageOf(error);
    const said = saidAtAbort(error);
    return said === undefined ? late : `${late}: ${said}`;
  });
  try {
    return await Promise.race([checked, timedOut]);
  } finally {
    clearTimeout(deadline);
  }
}

function deadlineError(timeoutMs: number): DOMException {
  return new DOMException(`the deadline of ${timeoutMs} ms has passed`, "TimeoutError");
}
