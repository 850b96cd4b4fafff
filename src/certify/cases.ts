import { authenticateCases } from "./cases/authenticate.ts";
import { forwardCases } from "./cases/forward.ts";
import type { Case } from "./case.ts";
import { bodyCases } from "./cases/body.ts";
import { bytesCases } from "./cases/bytes.ts";
import { fieldCases } from "./cases/fields.ts";
import { httpCases } from "./cases/http.ts";
import { playerCases } from "./cases/player.ts";
import { replyCases } from "./cases/reply.ts";
import { signatureCases } from "./cases/signature.ts";

/** Every case of a balance call, in the order they run: from whether it answers at all to how fast it does. */
export const CASES: readonly Case[] = [
  ...playerCases,
  ...replyCases,
  ...signatureCases,
  ...bytesCases,
  ...bodyCases,
  ...fieldCases,
  ...httpCases,
];

/** What can be tested, by the name of the endpoint. */
export const CASES_BY_ENDPOINT = {
  balance: CASES,
  authenticate: [...CASES, ...authenticateCases],
  forward: forwardCases,
} as const satisfies Record<string, readonly Case[]>;
