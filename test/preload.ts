import { afterAll } from "bun:test";
import { removeBinary } from "./binary.ts";

// After the last test of all files: several of them share one build.
afterAll(removeBinary);
