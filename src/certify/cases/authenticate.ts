import type { Case } from "../case.ts";
import { currencyIsNamed, hasNoCurrency } from "../expectation.ts";
import { requestWith } from "../signed-request.ts";

/** Section 1.5: what the launch call's reply has beyond a balance. */
export const authenticateCases: readonly Case[] = [
  {
    id: "currency-named",
    section: "1.5",
    level: "must",
    about: "The reply names the player's currency, as a code of capital letters.",
    send: (tested) => requestWith(tested),
    expect: currencyIsNamed,
  },
  {
    id: "currency-of-nobody",
    section: "1.5",
    level: "must",
    about: "The refusal of an unknown player names no currency.",
    send: (tested) => requestWith(tested, { fields: { player_id: tested.unknownPlayer } }),
    expect: hasNoCurrency,
  },
];
