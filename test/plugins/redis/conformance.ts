import type { Subjects } from "../held-to-the-contract.ts";

/** npm brings no Redis: test/engines/debian/redis.ts holds the source to the contract. */
export const subjects: Subjects = {};
