import { Command } from "@commander-js/extra-typings";
import { sign, signingKey } from "../protocol/signature.ts";
import { print } from "../standard-output.ts";
import { configOption, readBodyArgument } from "./arguments.ts";
import { chosenSecrets, secretFileOption, secretOption } from "./secret-option.ts";

/** `sign [FILE|-]`: prints the `X-Signature` of a body. */
export function signCommand() {
  return new Command("sign")
    .description("prints the X-Signature of a body")
    .argument("[file]", "the body, byte for byte; standard input for - or nothing")
    .addOption(secretOption())
    .addOption(secretFileOption())
    .addOption(configOption())
    .option("--json", 'print {"signature":"…"}')
    .addHelpText("after", "\nExample:\n  klas-balance sign body.json --secret-file secret")
    .action(async (file, options, command) => {
      const [secret] = await chosenSecrets(command, options);
      const signature = sign(await readBodyArgument(file), signingKey(secret));
      print(options.json ? `${JSON.stringify({ signature })}\n` : `${signature}\n`);
    });
}
