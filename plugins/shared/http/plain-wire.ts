import { connect } from "node:net";
import { streamWire } from "./stream-wire.ts";
import type { Wire, WireEvents } from "./wire.ts";

/**
 * The runtime's own sockets cost less than Node's, but their connecting cannot be called off: the system goes on with it
 * for two minutes if the peer is silent. So that few are left behind, Node's take over from that many on.
 */
const MAX_LEFT_CONNECTING = 16;
let leftConnecting = 0;

interface Line {
  readonly events: WireEvents;
  /** Once it is open. */
  socket: Bun.Socket<Line> | undefined;
  /** What the system has not taken yet. */
  unsent: Uint8Array | undefined;
  isOver: boolean;
  /** Whether it was given up while it was connecting, which goes on. */
  isLeftConnecting: boolean;
}

/** One set for all of them, because the runtime would prepare each. */
const handlers: Bun.SocketHandler<Line> = {
  binaryType: "buffer",
  open(socket) {
    const line = socket.data;
    line.socket = socket;
    connectingEnded(line);
    if (line.isOver) socket.end();
    else line.events.onOpen();
  },
  data({ data: line }, bytes) {
    if (!line.isOver) line.events.onBytes(bytes);
  },
  drain({ data: line }) {
    if (!line.isOver && line.unsent !== undefined) send(line, line.unsent);
  },
  end({ data: line }) {
    if (!line.isOver) line.events.onEnd();
  },
  close({ data: line }, error) {
    lost(line, error);
  },
  // What a handler threw: a bug, but no call may hang because of it.
  error(socket, error) {
    lost(socket.data, error);
    socket.end();
  },
};

/** A wire to an IP address, in plain TCP. */
export function plainWire(address: string, port: number, events: WireEvents): Wire {
  if (leftConnecting >= MAX_LEFT_CONNECTING) {
    return streamWire(connect({ host: address, port, noDelay: true }), "connect", events);
  }
  const line: Line = { events, socket: undefined, unsent: undefined, isOver: false, isLeftConnecting: false };
  Bun.connect({ hostname: address, port, socket: handlers, data: line }).catch((error: unknown) => {
    connectingEnded(line);
    lost(line, error);
  });
  return {
    write(bytes) {
      send(line, bytes);
    },
    get isFlushed() {
      return line.unsent === undefined;
    },
    holdProcess(holds) {
      if (holds) line.socket?.ref();
      else line.socket?.unref();
    },
    close() {
      if (line.isOver) return;
      line.isOver = true;
      line.isLeftConnecting = line.socket === undefined;
      if (line.isLeftConnecting) leftConnecting += 1;
      line.socket?.end();
    },
  };
}

function send(line: Line, bytes: Uint8Array): void {
  const taken = Math.max(0, line.socket?.write(bytes) ?? 0);
  line.unsent = taken === bytes.length ? undefined : bytes.subarray(taken);
}

function connectingEnded(line: Line): void {
  if (line.isLeftConnecting) leftConnecting -= 1;
  line.isLeftConnecting = false;
}

function lost(line: Line, error: unknown): void {
  if (line.isOver) return;
  line.isOver = true;
  line.events.onLost(error);
}
