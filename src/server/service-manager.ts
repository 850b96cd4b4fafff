/** Tells systemd how the service is (sd_notify(3)), where it asked for that. */
export interface ServiceManager {
  notify(state: "--ready" | "--reloading" | "--stopping"): void;
  stop(): void;
}

/**
 * Uses systemd's own `systemd-notify`: the protocol is a datagram on a Unix socket, which the runtime cannot send.
 * With a watchdog (`WatchdogSec=`) the service is restarted when this process hangs.
 */
export function openServiceManager(variables: Readonly<Record<string, string | undefined>>): ServiceManager {
  if (!variables["NOTIFY_SOCKET"]) return { notify() {}, stop() {} };
  const watchdogMs = Number(variables["WATCHDOG_USEC"] ?? 0) / 1000;
  const beat = watchdogMs > 0 ? setInterval(() => send("WATCHDOG=1"), watchdogMs / 2) : undefined;
  return {
    notify: send,
    stop: () => clearInterval(beat),
  };
}

function send(state: string): void {
  try {
    Bun.spawn(["systemd-notify", state], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  } catch {
    // Without the program systemd waits in vain for the news, and says so itself.
  }
}
