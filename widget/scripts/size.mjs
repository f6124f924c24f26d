// Prints the weight of the built widget and fails above the budget.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 8 * 1000;

const script = await readFile(new URL("../dist/widget.js", import.meta.url));
const gzipped = gzipSync(script, { level: 9 }).length;
console.log(
  `widget.js: ${script.length} bytes, ${gzipped} bytes gzip (budget ${BUDGET_BYTES} bytes gzip)`,
);
if (gzipped > BUDGET_BYTES) {
  console.error(`widget.js is ${gzipped - BUDGET_BYTES} bytes over its budget`);
  process.exitCode = 1;
}
