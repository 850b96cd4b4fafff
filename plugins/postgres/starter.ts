/** What `init --source postgres` begins with. */
export const starter = {
  table: `plugin = "postgres"
hosts = ["127.0.0.1:5432"]  # tried in order
database = "klas"
user = "klas_balance"
# password = "\${file:database-password}"
# query = "SELECT balance FROM accounts WHERE id = :player_id"    # or: read a database of yours`,
  nextSteps: ["edit config.toml            say where your database is, and who you are there, then:"],
};
