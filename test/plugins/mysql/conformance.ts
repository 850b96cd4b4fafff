import type { Subjects } from "../held-to-the-contract.ts";

/** npm brings no MySQL: test/engines/debian/mysql.ts holds the source to the contract. */
export const subjects: Subjects = {};
