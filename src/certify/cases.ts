import type { Case } from "./case.ts";
import { bodyCases } from "./cases/body.ts";
import { bytesCases } from "./cases/bytes.ts";
import { fieldCases } from "./cases/fields.ts";
import { httpCases } from "./cases/http.ts";
import { playerCases } from "./cases/player.ts";
import { replyCases } from "./cases/reply.ts";
import { signatureCases } from "./cases/signature.ts";

/** Every case, in the order they run: from whether it answers at all to how fast it does. */
export const CASES: readonly Case[] = [
  ...playerCases,
  ...replyCases,
  ...signatureCases,
  ...bytesCases,
  ...bodyCases,
  ...fieldCases,
  ...httpCases,
];
