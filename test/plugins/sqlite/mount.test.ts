import { expect, test } from "bun:test";
import { assertNotMountedAlone } from "../../../plugins/sqlite/file/mount.ts";
import { failure } from "./subject.ts";

/** Lines as proc_pid_mountinfo(5) shows them. */
const MOUNTS = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 254:0 /srv/balances.db /data/balances.db rw,relatime - ext4 /dev/vda rw
31 22 254:0 /srv/two /data/with\\040space/two.db rw,relatime - ext4 /dev/vda rw
`;

test.each(["/data/balances.db", "/data/with space/two.db"])(
  "%s is mounted without its folder",
  async (file) => {
    const message = await failure(() => assertNotMountedAlone(file, MOUNTS));
    expect(message).toContain("mount the folder that it lies in");
  },
);

test.each(["/data/balances.db2", "/data/other.db", "/srv/balances.db"])("%s is not", (file) => {
  expect(() => assertNotMountedAlone(file, MOUNTS)).not.toThrow();
});
