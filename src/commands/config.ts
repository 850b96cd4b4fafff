import { Command } from "@commander-js/extra-typings";
import example from "../../config.example.toml" with { type: "text" };

/** `config example`: the file that shows every option. */
export function configCommand() {
  return new Command("config")
    .description("prints an example of the configuration with every option")
    .addHelpText("after", "\nExample:\n  klas-balance config example > config.toml")
    .addCommand(exampleCommand());
}

function exampleCommand() {
  return new Command("example")
    .description("print a configuration with every option, its default and a line of explanation")
    .addHelpText("after", "\nExample:\n  klas-balance config example > config.toml")
    .action(() => {
      process.stdout.write(example);
    });
}
