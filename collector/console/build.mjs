// Builds the console's page into static/console: one script, one style sheet, one HTML. With --check it writes nothing, and
// fails where a committed file is not what the source builds. Its tools and libraries are those of sdk/browser, so that
// one `npm ci` there serves both.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const tools = new URL("../../sdk/browser/", import.meta.url);
const { build } = createRequire(new URL("package.json", tools))("esbuild");
const path = (relative, base = import.meta.url) => fileURLToPath(new URL(relative, base));
const target = new URL("../../static/console/", import.meta.url);
/** The most that all of it may have in brotli, in bytes. The aim is 50,000. */
const BUDGET = 60_000;
const CHECK = process.argv.includes("--check");

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

async function built() {
  const { outputFiles } = await build({
    entryPoints: { console: path("src/main.tsx"), "console.css": path("style.css") },
    entryNames: "[name]",
    outdir: path(".", target),
    nodePaths: [path("node_modules", tools)],
    tsconfig: path("tsconfig.json"),
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2022", "chrome100", "firefox100", "safari15.4"],
    external: ["/static/*"],
    legalComments: "none",
    write: false,
  });
  const files = outputFiles.map((file) => [file.path.split(/[\\/]/).pop().replace(".css.css", ".css"), file.contents]);
  return new Map([...files, ["index.html", readFileSync(path("index.html"))], ["licenses.txt", licenses()]]);
}

/** What the licences of the libraries in it want to stand beside it. */
function licenses() {
  const texts = ["preact", "uplot"].map(
    (name) => `${name}\n\n${readFileSync(path(`node_modules/${name}/LICENSE`, tools), "utf8")}`,
  );
  return Buffer.from(texts.join("\n"));
}

function committed(name) {
  try {
    return readFileSync(new URL(name, target));
  } catch {
    return null;
  }
}

/** Where the committed files are not what has been built. */
function stale(files) {
  const others = readdirSync(target).filter((name) => !files.has(name));
  return [...others, ...[...files].filter(([name, bytes]) => !committed(name)?.equals(bytes)).map(([name]) => name)];
}

function write(files) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(new URL(name, target), bytes);
}

const files = await built();
const sizes = [...files].map(([name, bytes]) => [name, brotliCompressSync(bytes).length]);
const size = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
if (size > BUDGET) fail(`static/console would be ${size} bytes in brotli, over its ${BUDGET}`);
if (!CHECK) write(files);
const wrong = CHECK ? stale(files) : [];
if (wrong.length)
  fail(`static/console (${wrong.join(", ")}) is not what collector/console builds: run \`make bundle\` and commit it`);
console.log(`static/console: ${size} bytes in brotli (${sizes.map(([name, bytes]) => `${name} ${bytes}`).join(", ")})`);
