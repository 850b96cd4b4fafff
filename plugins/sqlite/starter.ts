/** What `init --source sqlite` begins with. */
export const starter = {
  table: `plugin = "sqlite"
file = "balances.db"        # made and kept by "klas-balance players"
# query = "SELECT balance FROM accounts WHERE id = :player_id"    # or: read a database of yours`,
  database: "balances.db",
  nextSteps: [],
};
