import { accessSync, constants, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";

const gibibyte = 2 ** 30;
const inMemory = "/dev/shm";

/**
 * Where files of one run go: into memory where Linux has room for them, else where the system keeps temporary files. Each test
 * file has databases of its own, of some 800 files each: half a second on some disks, and a twentieth of that in memory.
 */
export const scratchDir = (): string => {
  try {
    accessSync(inMemory, constants.W_OK);
    const { bavail, bsize } = statfsSync(inMemory);
    return Math.min(bavail * bsize, freemem()) > 4 * gibibyte ? inMemory : tmpdir();
  } catch {
    return tmpdir();
  }
};
