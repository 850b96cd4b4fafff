import type { Socket } from "node:net";
import type { Wire, WireEvents } from "./wire.ts";

/** A wire over one of Node's sockets; `opens` is the event that says that it can be written to. */
export function streamWire(
  socket: Socket,
  opens: "connect" | "secureConnect",
  { onOpen, onBytes, onEnd, onLost }: WireEvents,
): Wire {
  let isOver = false;

  function lost(error: unknown): void {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    onLost(error);
  }

  socket.once(opens, () => {
    if (!isOver) onOpen();
  });
  socket.on("data", (bytes: Buffer) => {
    if (!isOver) onBytes(bytes);
  });
  socket.on("end", () => {
    if (!isOver) onEnd();
  });
  socket.on("error", lost);
  socket.on("close", () => lost(undefined));

  return {
    write(bytes) {
      if (!isOver) socket.write(bytes);
    },
    get isFlushed() {
      return socket.writableLength === 0;
    },
    holdProcess(holds) {
      if (holds) socket.ref();
      else socket.unref();
    },
    close() {
      isOver = true;
      socket.destroy();
    },
  };
}
