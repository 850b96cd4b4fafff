import type { Subject } from "../../src/source/conformance.ts";

/**
 * What `test/plugins/NAME/conformance.ts` exports as `subjects`: the options that a built-in is held to the contract
 * with, by what they are. The source they make knows the player 12001, with 30.
 */
export type Subjects = Readonly<Record<string, (directory: string) => Promise<Subject["options"]>>>;
