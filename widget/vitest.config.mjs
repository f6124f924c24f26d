import { readFile } from "node:fs/promises";
import { defineConfig } from "vitest/config";

// The build hands the style sheet to the code as text; the tests do the same.
const cssAsText = {
  name: "css-as-text",
  enforce: "pre",
  async load(id) {
    if (!id.endsWith(".css")) return null;
    return `export default ${JSON.stringify(await readFile(id, "utf8"))}`;
  },
};

export default defineConfig({
  plugins: [cssAsText],
  define: { PARTS_VERSION: JSON.stringify("test") },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
