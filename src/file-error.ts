const FILE_ERRORS = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EISDIR", "it is a directory"],
  ["ENOTDIR", "a part of its path is not a directory"],
  ["EEXIST", "it is there already"],
  ["EBUSY", "it is a directory, or in use"],
  ["ENOSPC", "the disk is full"],
  ["EFBIG", "it would be larger than a file may be"],
  ["EROFS", "its disk is read-only"],
]);

/** Why a file could not be read or written, as text without a path. */
export function describeFileError(error: unknown): string {
  const code = fileErrorCode(error);
  return FILE_ERRORS.get(code) ?? (code === "" ? "it cannot be used" : code);
}

/** The system's code, such as `ENOENT`; empty if the error has none. */
export function fileErrorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
