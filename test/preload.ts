import { afterAll } from "bun:test";
import { removeBinary } from "./binary.ts";
import { endPostgres } from "./engines/postgres-server.ts";

// After the last test of all files: several of them share one build, and one server.
afterAll(removeBinary);
afterAll(endPostgres);
