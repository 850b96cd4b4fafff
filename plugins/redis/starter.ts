/** What `init --source redis` begins with. */
export const starter = {
  table: `plugin = "redis"
hosts = ["127.0.0.1:6379"]  # tried in order
# password = "\${file:redis-password}"
key = "balance:{player_id}" # a string such as "30.50"; no such key: no such player`,
  nextSteps: ["edit config.toml            say where your Redis is, and how its keys are named, then:"],
};
