/**
 * A source of balances of your own. klas-balance loads this file as it is, without a build:
 *
 *   [sources.players]
 *   plugin = "NAME"
 *   demo_balance = "30.00"
 *
 *   klas-balance plugins test NAME --player 12001     asks it whatever the server may ask
 *   klas-balance check                                opens it with your configuration
 *
 * Your editor knows the contract from klas-balance.d.ts, which lies beside this file.
 */
import type { LookupResult, SourcePlugin } from "klas-balance";
// klas-balance brings valibot along. Your editor gets its types by "npm install --no-save valibot".
// @ts-ignore: nothing needs to be installed for the server.
import * as v from "valibot";

/** What `open` receives: the table of the configuration, checked by the schema below. */
interface Options {
  readonly demo_balance: string;
}

const DECIMAL = /^-?\d{1,30}(\.\d{1,8})?$/;

export default {
  apiVersion: 1,

  // A strict object, so that a misspelt option is an error and not ignored.
  options: v.strictObject({
    demo_balance: v.optional(
      v.pipe(v.string(), v.regex(DECIMAL, 'expected a decimal as text, such as "30.00"')),
      "30.00",
    ),
  }),

  // Called at the start and at each reload. If it throws, the server does not start or, on a reload, keeps the source
  // it had.
  async open({ demo_balance }, { log }) {
    // A Map: an object would also answer for the player "constructor".
    const players = new Map([["12001", demo_balance]]);
    log.info("the demonstration source is open", { players: players.size });

    return {
      // Pass `signal` to whatever you wait for: when it aborts, the caller has already had an answer.
      async lookup({ playerId }, signal): Promise<LookupResult> {
        signal.throwIfAborted();
        // const response = await fetch(`http://127.0.0.1:9000/players/${encodeURIComponent(playerId)}`, { signal });
        // if (response.status === 404) return null;
        // if (!response.ok) throw new Error(`the core answered ${response.status}`);
        const balance = players.get(playerId);
        // null: there is no such player. Never "0" for "I do not know": throw instead.
        if (balance === undefined) return null;
        // Or { balanceMinor: 3000n, exponent: 2 }, either with currency: "EUR"; or { refused: "ERR_PLAYER_BLOCKED" }.
        return { balance };
      },

      // Optional: throws when a lookup could not be answered now. For readiness.
      check() {},

      // Optional: releases what open took. It may be called twice.
      close() {},
    };
  },
} satisfies SourcePlugin<Options>;
