import { Command } from "@commander-js/extra-typings";
import example from "../../config.example.toml" with { type: "text" };
import { print } from "../standard-output.ts";
import { configOption, readConfig } from "./arguments.ts";
import { shownConfig } from "./config/shown.ts";

/** `config …`: what can be configured, and what is. */
export function configCommand() {
  return new Command("config")
    .description("prints an example of the configuration, or the one that is in effect")
    .addHelpText("after", "\nExample:\n  klas-balance config example > example.toml")
    .addCommand(exampleCommand())
    .addCommand(showCommand());
}

function exampleCommand() {
  return new Command("example")
    .description("prints a configuration with every option, its default and a line of explanation")
    .addHelpText("after", "\nExample:\n  klas-balance config example > example.toml")
    .action(() => {
      print(example);
    });
}

function showCommand() {
  return new Command("show")
    .description(
      "prints the configuration that is in effect, with all defaults but those of sources; what may be a secret is masked",
    )
    .addOption(configOption())
    .addHelpText("after", "\nExample:\n  klas-balance config show --config /srv/klas/config.toml")
    .action(async (options) => {
      print(shownConfig(await readConfig(options)));
    });
}
