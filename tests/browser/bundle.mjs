// A page with a bundle of the packaged SDK: `node tests/browser/bundle.mjs BROWSER DIRECTORY COLLECTOR`. Prints one line of JSON:
// {"told": what the page was told, "paths": the scripts it took from its own site, "foreign": those from the collector, "complaints"}.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PATIENCE } from "./chromium.mjs";
import { open, visit } from "./pages.mjs";

const [name, directory, collector] = process.argv.slice(2);
const paths = [];

function answer({ pathname }) {
  if (!pathname.endsWith(".js")) return { body: '<!doctype html><title>Bundled</title><script type="module" src="/use.js"></script>' };
  paths.push(pathname);
  return { type: "text/javascript", body: readFileSync(join(directory, pathname)) };
}

await visit(name, answer, async (browser, site) => {
  const { page, complaints } = await open(browser);
  const foreign = [];
  page.on("request", (request) => request.url().startsWith(`${collector}/static`) && foreign.push(request.url()));
  let told;
  page.on("console", (message) => message.text().startsWith("told") && (told = message.text()));
  await page.goto(site);
  const done = () => told && paths.some((path) => path.startsWith("/auto"));
  for (const end = Date.now() + PATIENCE; !done() && Date.now() < end; ) await new Promise((resume) => setTimeout(resume, 20));
  return { told, paths, foreign, complaints };
});
