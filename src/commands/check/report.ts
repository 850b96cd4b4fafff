export interface Finding {
  readonly level: "ok" | "warning" | "error";
  readonly message: string;
}

/** `topic` is the page of the manual that helps, if one does. */
export type ReportFinding = (level: Finding["level"], message: string, topic?: string) => void;
