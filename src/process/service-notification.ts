/** Tells systemd the state of the service (sd_notify(3)), if systemd asked for it. */
export interface ServiceNotification {
  notify(state: "READY=1" | "RELOADING=1" | "STOPPING=1"): void;
  stop(): void;
}

/**
 * Uses systemd's own `systemd-notify`: the protocol is a datagram on a Unix socket, which the runtime cannot send.
 * With a watchdog (`WatchdogSec=`) the service is restarted when this process hangs.
 */
export function serviceNotification(
  variables: Readonly<Record<string, string | undefined>>,
): ServiceNotification {
  if (!variables["NOTIFY_SOCKET"]) return { notify() {}, stop() {} };
  const watchdogMs = Number(variables["WATCHDOG_USEC"] ?? 0) / 1000;
  let sending: Promise<void> = Promise.resolve();
  // One at a time: a state that arrived late would overwrite a newer one.
  function notify(state: string): void {
    sending = sending.then(() => send(state));
  }
  const beat = watchdogMs > 0 ? setInterval(() => notify("WATCHDOG=1"), watchdogMs / 2) : undefined;
  return {
    notify,
    stop: () => clearInterval(beat),
  };
}

async function send(assignment: string): Promise<void> {
  try {
    await Bun.spawn(["systemd-notify", assignment], { stdin: "ignore", stdout: "ignore", stderr: "ignore" })
      .exited;
  } catch {
    // If that program is missing, systemd gets no notification and reports that itself.
  }
}
