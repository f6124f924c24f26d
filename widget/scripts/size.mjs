// Prints the weight of the built widget and its parts, and fails above the budgets.
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 8 * 1000;
const PART_BUDGET_BYTES = 4 * 1000;
const KIOSK_BUDGET_BYTES = 12 * 1000;

async function weigh(name, budget) {
  const script = await readFile(new URL(`../dist/${name}`, import.meta.url));
  const gzipped = gzipSync(script, { level: 9 }).length;
  console.log(`${name}: ${script.length} bytes, ${gzipped} bytes gzip (budget ${budget} bytes gzip)`);
  if (gzipped > budget) {
    console.error(`${name} is ${gzipped - budget} bytes over its budget`);
    process.exitCode = 1;
  }
}

await weigh("widget.js", BUDGET_BYTES);
for (const part of await readdir(new URL("../dist/parts", import.meta.url))) {
  await weigh(`parts/${part}`, PART_BUDGET_BYTES);
}
await weigh("kiosk.js", KIOSK_BUDGET_BYTES);
await weigh("kiosk-worker.js", 1000);
