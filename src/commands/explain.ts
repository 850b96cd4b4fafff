import { createHash } from "node:crypto";
import { Command } from "@commander-js/extra-typings";
import { type Explanation, explainSignature } from "../explain/explain.ts";
import { print } from "../standard-output.ts";
import { configOption, readBodyArgument } from "./arguments.ts";
import { chosenSecrets, secretFileOption, secretsOption } from "./secret-option.ts";

/** `explain [FILE|-] --signature HEX`: status 0 if the signature is right, 1 if it is not. */
export function explainCommand() {
  const command = new Command("explain")
    .description("says why a signature does not fit a body")
    .argument("[file]", "the body, byte for byte as it was received; standard input for - or nothing")
    .requiredOption("--signature <hex>", "the X-Signature that came with it")
    .addOption(secretsOption())
    .addOption(secretFileOption())
    .addOption(configOption())
    .option("--json", "print the explanation as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  klas-balance explain body.json --signature 5f1d… --secret-file secret",
    )
    .action(async (file, options) => {
      const secrets = await chosenSecrets(command, options);
      const body = await readBodyArgument(file);
      const explanation = explainSignature(body, options.signature, secrets);
      const written = options.json === true ? asJson : asText;
      print(`${written(explanation, body, secrets.length)}\n`);
      if (!explanation.fits) process.exitCode = 1;
    });
  return command;
}

function asText({ fits, secret, mistakes, notes }: Explanation, body: Uint8Array, secrets: number): string {
  const bytes = `${body.length} bytes (SHA-256 ${sha256(body)})`;
  const which = secrets === 1 || secret === undefined ? "" : `, secret ${secret} of ${secrets}`;
  if (fits) return [`The signature fits the body of ${bytes}${which}.`, ...notes.map(listed)].join("\n");
  const lead = `The signature does not fit the body of ${bytes}.`;
  if (mistakes.length > 0) {
    return [lead, `What was done${which}:`, ...mistakes.map(({ message }) => listed(message))].join("\n");
  }
  // What is no signature at all was made over nothing.
  if (notes.length > 0) return notes.join("\n");
  return [
    lead,
    "No known mistake leads to it: it was made with another secret or over another body.",
    "Compare the length and the SHA-256 with those that the server's log names for the call.",
  ].join("\n");
}

function listed(message: string): string {
  return `  - ${message}`;
}

function asJson(explanation: Explanation, body: Uint8Array, secrets: number): string {
  const { fits, secret = null, mistakes, notes } = explanation;
  const content = {
    fits,
    secret,
    secrets,
    mistakes,
    notes,
    body_bytes: body.length,
    body_sha256: sha256(body),
  };
  return JSON.stringify(content, null, 2);
}

function sha256(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
