// Bundles src/main.ts into dist/widget.js: one classic script, minified, ES2020.
// The output stays ASCII (esbuild's default), so that it reads the same on a page
// that is not in UTF-8.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const minifiedCssAsText = {
  name: "minified-css-as-text",
  setup(plugins) {
    plugins.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        loader: "css",
        minify: true,
      });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

await build({
  entryPoints: [here("src/main.ts")],
  outfile: here("dist/widget.js"),
  bundle: true,
  format: "iife",
  target: "es2020",
  minify: true,
  legalComments: "none",
  plugins: [minifiedCssAsText],
  logLevel: "warning",
});
