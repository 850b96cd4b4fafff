import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Subjects } from "../held-to-the-contract.ts";

const players = { "12001": "30" };

export const subjects: Subjects = {
  "in the configuration": async () => ({ players }),
  "from a file": async (directory) => {
    writeFileSync(join(directory, "fixture.json"), JSON.stringify(players));
    return { file: "fixture.json" };
  },
  "with a delay": async () => ({ players, delay_ms: 5 }),
};
