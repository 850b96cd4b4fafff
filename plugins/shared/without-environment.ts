/** Variables that the runtime's SQL client uses for a field that is missing or empty, as a password may be. */
const CLIENT_VARIABLES = /^(?:PG|POSTGRES|MYSQL|MARIADB|TLS_)|DATABASE_URL$/;

/**
 * Calls `make` while the client's variables are not in the environment. It is synchronous, so nothing else runs
 * meanwhile.
 */
export function withoutEnvironment<Result>(make: () => Result): Result {
  const hidden = Object.entries(process.env).filter(([name]) => CLIENT_VARIABLES.test(name));
  for (const [name] of hidden) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of hidden) process.env[name] = value;
  }
}
