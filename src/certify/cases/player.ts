import { randomUUID } from "node:crypto";
import { requestWith, sendRequest, type TestedEndpoint } from "../signed-request.ts";
import type { Case } from "../case.ts";
import {
  answersOk,
  balanceIsAsGiven,
  balanceIsCanonical,
  balanceIsText,
  hasNoBalance,
  refuses,
} from "../expectation.ts";

function asked(playerId: (tested: TestedEndpoint) => string) {
  return (tested: TestedEndpoint) => requestWith(tested, { fields: { player_id: playerId(tested) } });
}

/** Sections 1.3 and 1.4: who is found, who is not, and the amount. */
export const playerCases: readonly Case[] = [
  {
    id: "answers-in-time",
    section: "1.3",
    level: "must",
    about: "A plain call gets a reply within --timeout-ms.",
    needsKnownPlayer: false,
    run: async (tested) => {
      const received = await sendRequest(tested, requestWith(tested));
      return "noReply" in received ? received.noReply : undefined;
    },
  },
  {
    id: "good-call",
    section: "1.3",
    level: "must",
    about: "A good call for the known player is answered OK.",
    send: (tested) => requestWith(tested),
    expect: answersOk,
  },
  {
    id: "repeated-request-id",
    section: "1.1",
    level: "must",
    about:
      "The very same call sent twice is answered twice: a balance is a read, and a retry is not a replay.",
    needsKnownPlayer: true,
    run: async (tested) => {
      const call = requestWith(tested);
      const first = answersOk.problem(await sendRequest(tested, call), tested);
      return first ?? answersOk.problem(await sendRequest(tested, call), tested);
    },
  },
  {
    id: "balance-is-text",
    section: "1.3",
    level: "must",
    about: "The balance is a JSON string: as a number it would be read as a float.",
    send: (tested) => requestWith(tested),
    expect: balanceIsText,
  },
  {
    id: "balance-canonical",
    section: "1.4",
    level: "must",
    about: "The balance is a plain decimal without needless zeros: 30, 30.5, 0.07, -2.",
    send: (tested) => requestWith(tested),
    expect: balanceIsCanonical,
  },
  {
    id: "balance-exact",
    section: "1.4",
    level: "must",
    about: "The balance is the amount of --balance to the last digit: a float on the way would round it.",
    needsKnownPlayer: true,
    lacks: (tested) => (tested.balance === undefined ? "needs --balance" : undefined),
    run: async (tested) => balanceIsAsGiven.problem(await sendRequest(tested, requestWith(tested)), tested),
  },
  {
    id: "unknown-player",
    section: "1.3",
    level: "must",
    about: "A player who does not exist is refused: a balance of 0 would say that they do.",
    send: asked((tested) => tested.unknownPlayer),
    expect: refuses,
  },
  {
    id: "refusal-without-balance",
    section: "1.3",
    level: "must",
    about: "A refusal carries no balance: there is one only with OK.",
    send: (tested) => requestWith(tested, { fields: { player_id: 1 } }),
    expect: hasNoBalance,
  },
  {
    id: "player-constructor",
    section: "1.3",
    level: "must",
    about:
      "The player `constructor` is refused: a look-up in a plain JavaScript object would find something.",
    send: asked(() => "constructor"),
    expect: refuses,
  },
  {
    id: "player-proto",
    section: "1.3",
    level: "must",
    about: "The player `__proto__` is refused: a look-up in a plain JavaScript object would find something.",
    send: asked(() => "__proto__"),
    expect: refuses,
  },
  {
    id: "player-sql",
    section: "1.3",
    level: "must",
    about: "SQL in player_id is refused as an unknown player: it is a value, never part of a statement.",
    send: asked(() => `${randomUUID()}' OR '1'='1`),
    expect: refuses,
  },
  {
    id: "player-sql-wildcard",
    section: "1.3",
    level: "must",
    about: "`%` as player_id is refused: ids are compared, not matched.",
    send: asked(() => "%"),
    expect: refuses,
  },
  {
    id: "player-path",
    section: "1.3",
    level: "must",
    about: "A path in player_id that leads back to the known player is refused: an id must not steer a URL.",
    send: asked((tested) => `${randomUUID()}/../${tested.player}`),
    expect: refuses,
  },
  {
    id: "player-template",
    section: "1.3",
    level: "must",
    about: "An id with format and template characters is refused as an unknown player and must not crash.",
    send: asked(() => "%s%n${7*7}{{7*7}}\"'\\"),
    expect: refuses,
  },
  {
    id: "player-padded",
    section: "1.3",
    level: "should",
    about: "The known player's id with a blank after it is refused: some databases compare without it.",
    send: asked((tested) => `${tested.player} `),
    expect: refuses,
  },
  {
    id: "concurrent-calls",
    section: "1.3",
    level: "must",
    about: "Twenty good calls at once are all answered OK.",
    needsKnownPlayer: true,
    run: callConcurrently,
  },
];

const CONCURRENT_CALLS = 20;

async function callConcurrently(tested: TestedEndpoint) {
  const calls = Array.from({ length: CONCURRENT_CALLS }, () => requestWith(tested));
  const outcomes = await Promise.all(calls.map((call) => sendRequest(tested, call)));
  const problems = outcomes
    .map((received) => answersOk.problem(received, tested))
    .filter((it) => it !== undefined);
  return problems.length === 0
    ? undefined
    : `${problems.length} of ${CONCURRENT_CALLS} calls: ${problems[0]}`;
}
