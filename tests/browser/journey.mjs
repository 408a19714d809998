// A visitor who does much: `node tests/browser/journey.mjs BROWSER COLLECTOR KEY LOADS EVENTS`. Loads pages one after the other, tracks
// events in each, and leaves it at once; does not run ahead of what may be stored; stays on the last until nothing waits.
// The script is served with the pages, so that a dead collector does not keep it away. Prints {"complaints", "waiting"}.
import { readFileSync } from "node:fs";
import { PATIENCE } from "./chromium.mjs";
import { open, visit } from "./pages.mjs";

const [name, collector, key, loads, events] = process.argv.slice(2);
const script = readFileSync(new URL("../../static/footfall.js", import.meta.url));
/** So many may wait before the visitor goes on, where a hundred may be stored. */
const ROOM = 70;

function answer({ pathname }) {
  if (pathname == "/t.js") return { type: "text/javascript", body: script };
  return { body: `<!doctype html><title>${pathname}</title><script src="/t.js" data-key="${key}" data-endpoint="${collector}/api/v1/event"></script>` };
}

const kept = (page) => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("footfall:")).length);

async function until(page, most) {
  for (const end = Date.now() + 4 * PATIENCE; (await kept(page)) > most; ) {
    if (Date.now() > end) return;
    // After three faults a page waits for the next one, or until it is online again.
    await page.evaluate(() => { dispatchEvent(new Event("online")); });
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

await visit(name, answer, async (browser, site) => {
  const { page, complaints } = await open(browser);
  for (let load = 0; load < loads; load++) {
    await page.goto(`${site}/${load}`);
    await page.evaluate((load, events) => { for (let n = 0; n < events; n++) footfall.track("step", { load, n }); }, load, +events);
    await until(page, ROOM);
  }
  await until(page, 0);
  return { complaints: complaints.filter((text) => !/Failed to load|Cross-Origin/.test(text)), waiting: await kept(page) };
});
