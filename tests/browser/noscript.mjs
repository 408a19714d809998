// Opens pages in a browser that runs no scripts: `node tests/browser/noscript.mjs BROWSER LINE`, LINE being what `footfall snippet
// --noscript` prints. Prints one line of JSON: {"pages": [address, …]}, each once its image has been asked for.
import { open, visit } from "./pages.mjs";

const [name, line] = process.argv.slice(2);
const POLICIES = ["no-referrer", "strict-origin-when-cross-origin", "same-origin"];

const answer = ({ pathname }) => ({
  body: `<!doctype html><title>A page</title><script>document.title = "Scripts run"</script><p>Hello${line}`,
  headers: { "Referrer-Policy": pathname.slice(1) },
});

await visit(name, answer, async (browser, site) => {
  const { page } = await open(browser);
  const pages = [];
  for (const policy of POLICIES) {
    pages.push(`${site}/${policy}?utm_source=${name}&token=x`);
    await page.goto(pages.at(-1), { waitUntil: "load" });
    if ((await page.title()) != "A page") throw new Error("scripts run in this browser");
  }
  return { pages };
}, { scripts: false });
