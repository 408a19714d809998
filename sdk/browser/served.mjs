// How src/footfall.ts becomes what is served: bundled and compressed, named, packed.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { constants, brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

export const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
export const secrets = JSON.parse(readFileSync(path("../secrets.json")));

/** Puts the names of secrets into the expression that looks for them. */
const withSecrets = {
  name: "secrets",
  setup({ onLoad }) {
    onLoad({ filter: /src.address\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, "utf8").replace("(SECRETS)", `(${secrets.join("|")})`),
      loader: "ts",
    }));
  },
};
export const options = {
  bundle: true,
  target: "es2021",
  charset: "utf8",
  legalComments: "none",
  format: "esm",
  plugins: [withSecrets],
};

/** The whole script, compressed, with the names that the source has. */
export async function bundled() {
  const define = { MODULE: "false" };
  const entryPoints = [path("src/footfall.ts")];
  const { outputFiles } = await build({ ...options, define, entryPoints, minify: true, minifyIdentifiers: false, write: false });
  const compress = { passes: 4, toplevel: true, unsafe: true, unsafe_arrows: true, pure_getters: true };
  return (await minify(outputFiles[0].text, { ecma: 2020, compress, mangle: false })).code;
}

/** The names of all that has one, a letter each, in the order in which terser asks for them: found by `npm run names`. */
export const LETTERS = readFileSync(path("letters.txt"), "utf8").trim();

export const ALPHABET = "etonrialsdcufhmpgvykwbESTAOIRNLCDxjqzM$_PUBFHGVWYKXJQZ";
const { length } = ALPHABET;
/** A name where those do not suffice. */
const more = (n) => (n < length ? ALPHABET[n] : ALPHABET[n % length] + more(Math.floor(n / length) - 1));

/**
 * Gives short names to all that has one. A letter that is taken already is left out, and terser asks for the next: with any
 * letters the script works, with some it packs better, since it says the same in more places. Tells which were `given`.
 */
export async function named(text, letters) {
  const given = [];
  const get = (n) => given[given.push(letters[given.length] ?? more(n)) - 1];
  const mangle = { toplevel: true, nth_identifier: { get } };
  const { code } = await minify(text, { ecma: 2020, compress: false, mangle });
  // In a block, what `let` names is nobody else's, as in a function, which takes more bytes.
  return { code: `{${code.replaceAll("var ", "let ").replace(/;$/, "")}}`, given };
}

export const packed = (code) => brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_LGWIN]: 16 } });
