// Bundles what the browser loads from the packages of package-lock.json and
// writes it to static/, with versions, licences and hashes. The same packages
// give the same bytes.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const modules = join(here, "node_modules");
const written = {}; // path in the repository → SHA-256
const used = new Set(); // packages that something written comes from
const bundled = new Set(); // our own sources in it
const hash = (content) => createHash("sha256").update(content).digest("hex");

// CodeMirror writes its styles into a <style> element, which our content
// security policy forbids. Constructed style sheets are allowed, and style-mod
// knows them, but takes them in shadow roots only.
const constructedStyles = {
  name: "constructed-styles",
  setup(b) {
    b.onLoad({ filter: /style-mod\/src\/style-mod\.js$/ }, async ({ path }) => {
      const before = await readFile(path, "utf8");
      const contents = before.replace("!root.head && root.adoptedStyleSheets", "root.adoptedStyleSheets");
      if (contents === before) throw new Error("style-mod has changed: look how it mounts its styles now");
      return { contents, loader: "js" };
    });
  },
};

async function write(path, content) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  written[path] = hash(content);
}

async function copy(path, pkg, file) {
  used.add(pkg);
  await write(path, withoutSourceMap(await readFile(join(modules, pkg, file), "utf8")));
}

function withoutSourceMap(text) {
  return text.replace(/\n?\/[/*][#@] sourceMappingURL=.*?(\*\/)?\n?$/, "\n");
}

async function bundle(path, source) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, source)],
    absWorkingDir: root,
    nodePaths: [modules],
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome111", "firefox113", "safari16.4"],
    legalComments: "none", // they are in LICENSES.txt
    charset: "utf8",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [constructedStyles],
    metafile: true,
    write: false,
  });
  for (const [input, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0].inputs)) {
    const pkg = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (pkg && bytesInOutput > 0) used.add(pkg[1]);
    if (!pkg) bundled.add(input);
  }
  await write(path, outputFiles[0].text);
}

// The style sheet must load nothing from elsewhere.
async function stylesheet(path, pkg, file) {
  const css = withoutSourceMap(await readFile(join(modules, pkg, file), "utf8"));
  const outside = css.match(/@import[^;]*|url\((?!["']?data:image\/)[^)]*\)/);
  if (outside) throw new Error(`${pkg}/${file} loads ${outside[0]}`);
  used.add(pkg);
  await write(path, css);
}

// One symbol for each line of icons.txt: "name", or "name=file" where ours
// differs from Tabler's.
async function sprite(path) {
  const lines = (await readFile(join(here, "icons.txt"), "utf8")).split("\n");
  const symbols = await Promise.all(lines.filter((l) => l && !l.startsWith("#")).sort().map(async (line) => {
    const [name, file = name] = line.split("=");
    const svg = await readFile(join(modules, "@tabler/icons/icons/outline", file + ".svg"), "utf8");
    const shapes = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s*\n\s*/g, "").replace(/\s+\/>/g, "/>");
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
      `stroke-linecap="round" stroke-linejoin="round">${shapes}</symbol>`;
  }));
  used.add("@tabler/icons");
  await write(path, `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

async function licence(pkg) {
  const dir = join(modules, pkg);
  const about = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
  const files = (await readdir(dir)).filter((f) => /^(licen[cs]e|notice)\b/i.test(f)).sort();
  const texts = await Promise.all(files.map((f) => readFile(join(dir, f), "utf8")));
  if (pkg === "echarts") texts.push(await readFile(join(dir, "licenses/LICENSE-d3"), "utf8"));
  if (texts.length === 0) texts.push(await readFile(join(here, "licences", pkg.replace("/", "-") + ".txt"), "utf8"));
  return `${about.name} ${about.version} (${about.license})\n\n${texts.map((t) => t.trim()).join("\n\n")}\n`;
}

async function licences(path, packages) {
  const texts = await Promise.all(packages.map(licence));
  await write(path, texts.join(`\n${"-".repeat(78)}\n\n`));
}

await copy("static/vendor/htmx.min.js", "htmx.org", "dist/htmx.min.js");
await stylesheet("static/vendor/tabler.min.css", "@tabler/core", "dist/css/tabler.min.css");
await bundle("static/vendor/charts.js", "static/src/charts.js");
await bundle("static/vendor/editor.js", "static/src/editor.js");
await sprite("static/icons.svg");
await licences("static/vendor/LICENSES.txt", [...used].sort());

// For tests only.
const testdata = "app/platform/webtest/testdata";
await copy(`${testdata}/axe.min.js`, "axe-core", "axe.min.js");
await licences(`${testdata}/axe.LICENSE.txt`, ["axe-core"]);

const lock = JSON.parse(await readFile(join(here, "package-lock.json"), "utf8")).packages;
const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
const packages = sorted(Object.fromEntries([...used].map((pkg) => [pkg, lock[`node_modules/${pkg}`].version])));
const vendor = join(root, "static/vendor");
for (const file of await readdir(vendor)) {
  if (file !== "manifest.json" && !written[`static/vendor/${file}`]) await rm(join(vendor, file));
}
const manifest = join(vendor, "manifest.json");
const sources = {};
for (const path of [".tools/assets/build.js", ".tools/assets/icons.txt", ".tools/assets/package-lock.json", ...bundled].sort()) {
  sources[path] = hash(await readFile(join(root, path)));
}
await writeFile(manifest, JSON.stringify({ packages, sources, files: sorted(written) }, null, 2) + "\n");
console.log(`wrote ${Object.keys(written).length} files and ${relative(root, manifest)}`);
