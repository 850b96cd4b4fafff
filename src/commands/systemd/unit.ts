import { dirname, join } from "node:path";

/** What differs from one installation to another. */
export interface Installation {
  /** The program and what precedes its subcommand; absolute paths. */
  readonly program: readonly [string, ...string[]];
  /** Absolute path of the configuration. */
  readonly config: string;
  readonly user: string;
  /** Each is the name of a file in the folder of the configuration. */
  readonly credentials: readonly string[];
  /** How long a stop may take before the service is killed: more than `lame_duck_seconds` and `drain_seconds`. */
  readonly stopSeconds: number;
}

/** A hardened systemd unit: the one of the Debian package, and what `klas-balance systemd` prints. */
export function serviceUnit(installation: Installation): string {
  const { program, config, user, credentials, stopSeconds } = installation;
  const folder = dirname(config);
  const [binary] = program;
  const run = (...words: readonly string[]) => commandLine([...program, ...words, "--config", config]);
  return `[Unit]
Description=klas-balance, answers Klas Gaming's signed balance calls
Wants=network-online.target
After=network-online.target
# What keeps it from starting may pass (a disk, a port): it is tried again for as long as it takes.
StartLimitIntervalSec=0

[Service]
Type=notify
# Notifications are sent by systemd-notify, which the service starts.
NotifyAccess=all
WatchdogSec=30
# SIGABRT, the default, would be reported as a crash of the runtime.
WatchdogSignal=SIGKILL
ExecStart=${run("serve")}
ExecReload=/bin/kill -HUP $MAINPID
${credentials.length > 0 ? "" : reloadCheck(run("check"))}Restart=on-failure
RestartSec=2
# A worker that is killed for lack of memory is started again by the service; the default would stop the rest, too.
OOMPolicy=continue
TimeoutStopSec=${stopSeconds}
User=${user}
LimitNOFILE=65536
# A call is a line: of more than 10,000 in 30 s the journal would drop the rest, and what else was said meanwhile.
# "LogRateLimitIntervalSec=0" is ignored by systemd 257.
LogRateLimitBurst=10000000
${credentials.map((name) => `LoadCredential=${name}:${escape(join(folder, name))}\n`).join("")}
# Writable: its state in /var/lib/klas-balance${isReadOnly(folder) ? "" : " and the folder of the configuration"}. For a database elsewhere add
# ReadWritePaths=/its/folder by "systemctl edit klas-balance".
StateDirectory=klas-balance
StateDirectoryMode=0750
UMask=0077
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
${isReadOnly(folder) ? "" : `BindPaths=${quote(folder)}\n`}${
    binary.startsWith("/usr/") ? "" : `BindReadOnlyPaths=${quote(binary)}\n`
  }
PrivateDevices=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid

NoNewPrivileges=yes
# For a port below 1024; without it PrivateUsers=yes would do, too.
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
RemoveIPC=yes
# AF_NETLINK: how the machine's addresses are found out when a name is resolved.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
# Without MemoryDenyWriteExecute, which would keep JavaScript from being compiled to machine code.
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/**
 * Newer versions of systemd hide the credentials from the commands of a reload. If there are any, nothing is
 * checked.
 */
function reloadCheck(command: string): string {
  return `# A signal has no answer: with this, "systemctl reload" fails if a check finds an error. How the reload itself ended,
# "klas-balance status" says.
ExecReload=${command}
`;
}

/** The service only reads what is under /etc. */
function isReadOnly(folder: string): boolean {
  return folder.startsWith("/etc/");
}

/** systemd.service(5): `$` begins a variable, there alone. */
function commandLine(words: readonly string[]): string {
  return words.map((word) => quote(word).replaceAll("$", "$$$$")).join(" ");
}

/** systemd.syntax(7): white space ends a word, `%` begins a replacement. */
function quote(word: string): string {
  return /^[\w./:@+-]+$/.test(word) ? word : `"${escape(word).replaceAll(/["\\]/g, "\\$&")}"`;
}

function escape(path: string): string {
  return path.replaceAll("%", "%%");
}
