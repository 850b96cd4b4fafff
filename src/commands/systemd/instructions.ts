import { basename, dirname, join, resolve } from "node:path";

interface Files {
  readonly file: string;
  readonly user: string;
  readonly credentials: readonly string[];
  readonly read: readonly string[];
  readonly secrets: readonly string[];
  /** klas-balance's own database, if that is a file. */
  readonly database: string | undefined;
}

/** What to do with a unit, and with the files that it needs, as its comments. */
export function instructions({ file, user, credentials, read, secrets, database }: Files): string {
  const folder = dirname(file);
  const references = secrets.map((name) => `"\${file:\${CREDENTIALS_DIRECTORY}/${name}}"`);
  const credentialHint =
    credentials.length > 0 || secrets.length === 0
      ? []
      : [
          "#",
          `# The secret can be root's alone: chown root: ${secrets.map((name) => quoted(join(folder, name))).join(" ")}, and print this unit again with`,
          `#   secrets = [${references.join(", ")}]`,
        ];
  const readable = [file, ...read.map((path) => resolve(folder, path))].map(quoted).join(" ");
  return [
    `# klas-balance systemd --config ${quoted(file)} > /etc/systemd/system/klas-balance.service`,
    `# useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${user}`,
    // The service only reads what is under /etc, and root keeps it.
    ...(folder.startsWith("/etc/")
      ? [`# chgrp ${user} ${readable} && chmod 640 ${readable}`, ...elsewhere(database, user)]
      : [
          `# chown -R ${user}: ${quoted(folder)}`,
          ...credentials.map((name) => `# chown root: ${quoted(join(folder, name))}`),
        ]),
    "# systemctl daemon-reload && systemctl enable --now klas-balance",
    ...credentialHint,
    "",
  ].join("\n");
}

/** SQLite needs a folder in which it may write. */
function elsewhere(database: string | undefined, user: string): readonly string[] {
  if (database?.startsWith("/etc/") !== true) return [];
  const moved = join("/var/lib/klas-balance", basename(database));
  return [
    `# install -d -o ${user} -g ${user} -m 750 /var/lib/klas-balance`,
    `# mv ${quoted(database)} ${quoted(moved)} && chown ${user}: ${quoted(moved)}, and in the configuration`,
    `#   file = ${JSON.stringify(moved)}`,
  ];
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
