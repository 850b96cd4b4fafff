/** What `init --source rest` begins with. */
export const starter = {
  table: `plugin = "rest"
url = "http://127.0.0.1:9000/players/{player_id}/balance"    # your core
balance = "/balance"        # JSON Pointer to the amount in its answer`,
  nextSteps: ["edit config.toml            say where your core is, then:"],
};
