// Looks for names that pack better: `npm run names -- 600` takes ten minutes, and leaves the best in letters.txt; then
// `npm run build`. It changes a letter or two at a time, and keeps what does not make the file larger; in the beginning also
// what makes it a little larger, so as to leave a poor place again (simulated annealing). To be run after a change of src
// that no longer fits.
import { writeFileSync } from "node:fs";
import { ALPHABET, bundled, LETTERS, named, packed, path } from "./served.mjs";

/** By how many bytes it may grow in the beginning, about. */
const HEAT = 0.6;

const seconds = Number(process.argv[2] ?? 600);
const text = await bundled();
const random = (n) => Math.floor(Math.random() * n);

function changed(letters) {
  const next = [...letters];
  const [one, other] = [random(next.length), random(next.length)];
  if (random(2)) next[one] = ALPHABET[random(ALPHABET.length)];
  else [next[one], next[other]] = [next[other], next[one]];
  return next;
}

/** What comes of letters. One that is taken moves all that follow, which is never better. */
async function measured(letters) {
  const { code, given } = await named(text, letters);
  const isMoved = letters.length && given.length > letters.length;
  return { letters: given, size: isMoved ? Infinity : packed(code).length };
}

let current = await measured([...LETTERS]);
let best = current;
console.log(`${current.size} bytes`);
const begin = Date.now();
for (let part; (part = (Date.now() - begin) / 1000 / seconds) < 1; ) {
  const next = await measured(changed(current.letters));
  if (Math.random() < Math.exp((current.size - next.size) / HEAT / (1 - part))) current = next;
  if (current.size >= best.size) continue;
  best = current;
  console.log(`${best.size} bytes`);
  writeFileSync(path("letters.txt"), `${best.letters.join("")}\n`);
}
