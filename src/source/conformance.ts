import type { BalanceQuery, Source, SourceLog } from "../plugin.ts";
import { canonicalAmount } from "../protocol/amount.ts";
import { knownCurrencies } from "../protocol/currency.ts";
import { guard, type GuardedSource } from "./guard.ts";
import type { Plugin } from "./binding.ts";

/** A plugin under test, and what its source is known to hold. */
export interface Subject {
  readonly plugin: Plugin;
  /** The plugin's table in the configuration, valid and without `plugin`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The folder that relative paths in the options start from. */
  readonly directory: string;
  readonly timeoutMs: number;
  readonly knownPlayer: string;
  /** The known player's balance. Without it, any amount will do. */
  readonly balance?: string | undefined;
}

/** One obligation of the contract in `plugin.ts`. */
export interface ConformanceCase {
  readonly name: string;
  /** What is expected, for the author of a plugin. */
  readonly expects: string;
  /** Throws, with a message for the plugin's author, if it is not met. */
  run(subject: Subject): Promise<void>;
}

const NOBODY = "klas-balance-conformance-nobody";
const HOSTILE_IDS: readonly string[] = [
  "constructor",
  "__proto__",
  "toString",
  "' OR 1=1 --",
  "'; DROP TABLE players; --",
  "%",
  "../",
  "../../etc/passwd",
  "a/b?c=d&e#f",
  "{player_id}",
  "${KLAS_SECRET}",
  '"\\',
  " ",
  "\u{1f600}",
  "x".repeat(256),
];
const AT_ONCE = 50;

/** How soon after its signal's abort a lookup has to settle. */
const SETTLE_MS = 1000;

/** The contract as cases, for the built-ins' tests as well as for `plugins test`. */
export const conformanceCases: readonly ConformanceCase[] = [
  {
    name: "a known player",
    expects: "lookup gives the player's balance, the same on a retry",
    run: (subject) =>
      opened(subject, async (source) => {
        await assertKnown(source, subject);
        await assertKnown(source, subject);
      }),
  },
  {
    name: "an unknown player",
    expects: "lookup gives null for a player who does not exist, and never a balance such as 0",
    run: (subject) => opened(subject, (source) => assertNobody(source, NOBODY)),
  },
  {
    name: "hostile player ids",
    expects: "lookup gives null or a refusal for ids made to confuse JavaScript, SQL, URLs and file names",
    run: (subject) =>
      opened(subject, async (source) => {
        for (const playerId of HOSTILE_IDS) await assertNobody(source, playerId);
        await assertKnown(source, subject);
      }),
  },
  {
    name: "hostile session and request ids",
    expects: "they do not change whose balance is given",
    run: (subject) =>
      opened(subject, async (source) => {
        for (const id of HOSTILE_IDS) await assertKnown(source, subject, { sessionId: id, requestId: id });
      }),
  },
  {
    name: `${AT_ONCE} lookups at once`,
    expects: "each gets its own answer",
    run: (subject) =>
      opened(subject, async (source) => {
        const lookups = Array.from({ length: AT_ONCE }, (_, index) =>
          index % 2 === 0 ? assertKnown(source, subject) : assertNobody(source, `${NOBODY}-${index}`),
        );
        await Promise.all(lookups);
      }),
  },
  {
    name: "a signal that was aborted before",
    expects: "lookup answers or throws at once, and the next lookup is answered",
    run: (subject) =>
      opened(subject, async (guarded, source) => {
        await assertSettles(source, query(subject.knownPlayer), AbortSignal.abort());
        await assertKnown(guarded, subject);
      }),
  },
  {
    name: "a signal that aborts during the lookup",
    expects: "lookup answers or throws soon, and the next lookup is answered",
    run: (subject) =>
      opened(subject, async (guarded, source) => {
        const controller = new AbortController();
        const settled = assertSettles(source, query(subject.knownPlayer), controller.signal);
        controller.abort();
        await settled;
        await assertKnown(guarded, subject);
      }),
  },
  {
    name: "check",
    expects: "check, if there is one, does not throw while the source answers",
    run: (subject) =>
      opened(subject, async (source) => {
        const problem = await source.check();
        if (problem !== undefined) throw new Error(`check says: ${problem}`);
      }),
  },
  {
    name: "an unknown option",
    expects: "the plugin's schema refuses a key that it does not know",
    async run({ plugin, options }) {
      const bound = await plugin.bind({ ...options, an_option_that_does_not_exist: 1 });
      if (bound.valid) throw new Error("the key an_option_that_does_not_exist was accepted");
    },
  },
  {
    name: "closed twice, and opened again",
    expects: "a second close does nothing, and what was closed can be opened again, as a reload does",
    async run(subject) {
      const source = await open(subject);
      await source.close?.();
      await source.close?.();
      await opened(subject, (again) => assertKnown(again, subject));
    },
  },
];

const exponentOf = knownCurrencies({});

const silent: SourceLog = { debug() {}, info() {}, warn() {}, error() {} };

async function open({ plugin, options, directory, timeoutMs }: Subject): Promise<Source> {
  const bound = await plugin.bind(options);
  if (!bound.valid) {
    const [problem] = bound.problems;
    throw new Error(`the options are not valid: ${problem?.path.join(".")}: ${problem?.message}`);
  }
  return bound.open({ log: silent, count() {}, directory, exponentOf, timeoutMs, isRehearsal: false });
}

/** Opens the source for one case, and closes it however the case ends. */
async function opened(
  subject: Subject,
  use: (guarded: GuardedSource, source: Source) => Promise<void>,
): Promise<void> {
  const source = await open(subject);
  const guarded = guard(source, { timeoutMs: subject.timeoutMs, maxInFlight: AT_ONCE });
  try {
    await use(guarded, source);
  } finally {
    await guarded.close();
  }
}

function query(playerId: string, others: Partial<BalanceQuery> = {}): BalanceQuery {
  return {
    playerId,
    sessionId: "klas-balance-conformance",
    requestId: crypto.randomUUID(),
    timestamp: Math.floor(Date.now() / 1000),
    traceparent: `00-${crypto.randomUUID().replaceAll("-", "")}-00000000000000a1-00`,
    ...others,
  };
}

async function assertKnown(
  source: GuardedSource,
  { knownPlayer, balance }: Subject,
  others?: Partial<BalanceQuery>,
): Promise<void> {
  const outcome = await source.lookup(query(knownPlayer, others));
  const asked = `the known player ${JSON.stringify(knownPlayer)}`;
  if (outcome.reason !== "ok") throw new Error(`${asked}: ${describe(outcome)}, expected a balance`);
  if (balance !== undefined && outcome.balance !== canonicalAmount(balance)) {
    throw new Error(`${asked}: the balance is ${outcome.balance}, expected ${balance}`);
  }
}

async function assertNobody(source: GuardedSource, playerId: string): Promise<void> {
  const outcome = await source.lookup(query(playerId));
  if (outcome.reason === "player_not_found" || outcome.reason === "refused") return;
  throw new Error(`the player ${JSON.stringify(playerId)}: ${describe(outcome)}, expected null`);
}

function describe(outcome: Awaited<ReturnType<GuardedSource["lookup"]>>): string {
  return "detail" in outcome ? `${outcome.reason} (${outcome.detail})` : outcome.reason;
}

async function assertSettles(source: Source, asked: BalanceQuery, signal: AbortSignal): Promise<void> {
  const settled = (async () => await source.lookup(asked, signal))().then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([settled, Bun.sleep(SETTLE_MS).then(() => false)]);
  if (!isSettled) throw new Error(`the lookup was still under way ${SETTLE_MS} ms after the abort`);
}
