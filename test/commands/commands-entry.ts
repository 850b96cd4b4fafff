import { Command } from "@commander-js/extra-typings";
import { certifyCommand } from "../../src/commands/certify.ts";
import { explainCommand } from "../../src/commands/explain.ts";

// The commands as a program of their own, for the tests that run them as one.
await new Command("klas-balance").addCommand(certifyCommand()).addCommand(explainCommand()).parseAsync();
