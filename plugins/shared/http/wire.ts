/** The way of bytes to a peer and back. */
export interface Wire {
  /** Takes all of the bytes; those that the system does not take at once follow as it does. Only after `onOpen`. */
  write(bytes: Uint8Array): void;
  /** Whether the system has taken all that was written. */
  readonly isFlushed: boolean;
  /** Whether it keeps the process running; it does at first. Only after `onOpen`. */
  holdProcess(holds: boolean): void;
  /** Ends it, also while it is being opened. Nothing is reported after this. */
  close(): void;
}

/** What happens on a wire. After `onLost` nothing more does. */
export interface WireEvents {
  readonly onOpen: () => void;
  /** The bytes are the receiver's to keep. */
  readonly onBytes: (bytes: Buffer) => void;
  /** The peer has sent its last byte, and said so. `onLost` may or may not follow. */
  readonly onEnd: () => void;
  /** The wire is gone, or could not be opened. */
  readonly onLost: (error: unknown) => void;
}

/** Opens a wire. Nothing is reported before it has returned. */
export type Dial = (events: WireEvents) => Wire;
