// Bundles src/main.ts into dist/widget.js: one classic script, minified, ES2020. The parts that
// are loaded on demand become modules, dist/parts/*.js; dist/parts.version is what they are asked
// for by. The page of a kiosk has a script and a worker of its own, dist/kiosk*.js.
// The output stays ASCII (esbuild's default), so that it reads the same on a page
// that is not in UTF-8.
import { createHash } from "node:crypto";
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
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

const common = {
  bundle: true,
  target: "es2020",
  minify: true,
  legalComments: "none",
  plugins: [minifiedCssAsText],
  logLevel: "warning",
};

await rm(here("dist/parts"), { recursive: true, force: true });
await build({
  ...common,
  entryPoints: (await readdir(here("src/parts")))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => here(`src/parts/${name}`)),
  outdir: here("dist/parts"),
  format: "esm",
});

const digest = createHash("sha256");
for (const name of (await readdir(here("dist/parts"))).sort()) {
  digest.update(await readFile(here(`dist/parts/${name}`)));
}
const version = digest.digest("hex").slice(0, 8);
await writeFile(here("dist/parts.version"), version);

await build({
  ...common,
  entryPoints: [here("src/main.ts")],
  outfile: here("dist/widget.js"),
  format: "iife",
  // Nearly all of it runs at once. Told so, V8 compiles it whole beside the page's main thread,
  // instead of each function on it when it is first called; others read a comment.
  banner: { js: "//# allFunctionsCalledOnLoad" },
  define: { PARTS_VERSION: JSON.stringify(version) },
});

// The same for bundlers, readable, with its types.
await build({
  ...common,
  entryPoints: [here("src/index.ts")],
  outfile: here("package/dist/index.js"),
  format: "esm",
  minify: false,
  define: { PARTS_VERSION: JSON.stringify(version) },
});
await copyFile(here("package/index.d.ts"), here("package/dist/index.d.ts"));

await build({
  ...common,
  entryPoints: { kiosk: here("src/kiosk/main.ts"), "kiosk-worker": here("src/kiosk/worker.js") },
  outdir: here("dist"),
  format: "iife",
});
