/** What `init --source mysql` begins with. */
export const starter = {
  table: `plugin = "mysql"
hosts = ["127.0.0.1:3306"]  # tried in order
database = "casino"
user = "klas_balance"
# password = "\${file:database-password}"
query = "SELECT id AS player_id, balance FROM accounts WHERE id = :player_id"`,
  nextSteps: [
    "edit config.toml            say where your database is, who you are there, and what to read, then:",
  ],
};
