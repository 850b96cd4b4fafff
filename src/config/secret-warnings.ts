/** The prefix of secrets made by `init` and the Debian package, which Klas Gaming does not know. */
export const TRIAL_PREFIX = "trial-";

/** A token shorter than this can be guessed, by many addresses together or over time. */
const SHORT_TOKEN_CHARACTERS = 16;

/** A shared secret shorter than this can be guessed from one signed body. */
const SHORT_SECRET_CHARACTERS = 16;

/** Warnings about the secrets of a configuration, which show nothing of them. */
export function secretWarnings(secrets: readonly string[]): readonly string[] {
  return secrets.flatMap((secret, index) => {
    const name = secrets.length === 1 ? "the secret" : `secret ${index + 1}`;
    const first = secrets.indexOf(secret);
    const doubled = first < index ? [`is the same as secret ${first + 1}, so it changes nothing`] : [];
    return [...oddities(secret), ...doubled].map((oddity) => `${name} ${oddity}`);
  });
}

/** Warnings about what guards the admin listener. */
export function tokenWarnings(token: string | undefined): readonly string[] {
  if (token === undefined || token.length >= SHORT_TOKEN_CHARACTERS) return [];
  return [`admin.token is shorter than ${SHORT_TOKEN_CHARACTERS} characters: it can be guessed`];
}

function oddities(secret: string): readonly string[] {
  const found: string[] = [];
  if (secret.startsWith(TRIAL_PREFIX)) {
    found.push(
      "is a trial one, which Klas Gaming does not know: put the one that they issued (SecretID) in its place",
    );
  }
  if (secret !== secret.trim()) {
    found.push(
      "has white space or a byte-order mark at an end, which counts: compare it with what Klas Gaming issued",
    );
  }
  if (/[\r\n]/.test(secret.trim()))
    found.push("has several lines: each secret is a text of its own in `secrets`");
  if (secret.length < SHORT_SECRET_CHARACTERS) {
    found.push(
      `is shorter than ${SHORT_SECRET_CHARACTERS} characters: it can be guessed from one signed body`,
    );
  }
  return found;
}
