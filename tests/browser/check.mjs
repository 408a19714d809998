// Drives the overlay of `?footfall_check=1`: `node tests/browser/check.mjs BROWSER COLLECTOR KEY FOREIGN_KEY [SCREENSHOTS]`. Loads
// the part as the script does, and prints one line of JSON: {case: {"rows": [[state, title, text], …], "complaints"}, …}.
import { createServer } from "node:http";
import { open, visit } from "./pages.mjs";

const [name, collector, key, foreign, screenshots] = process.argv.slice(2);
const CSP = `default-src 'none'; img-src 'self'; script-src 'self' ${collector}; connect-src `;

/** Shows the overlay with what the address says it is to know. */
const SCRIPT = `
addEventListener("load", async () => {
  const { check } = await import(${JSON.stringify(`${collector}/static/footfall.js?check`)});
  const context = JSON.parse(new URLSearchParams(location.search).get("context"));
  await check({}, context);
  window.ready = true;
});
`;
const BODY = `<!doctype html><title>Check</title><h1>A shop</h1><p><button id="own">Buy</button><script src="/page.js"></script>`;

function answer({ pathname, searchParams }) {
  if (pathname == "/page.js") return { type: "text/javascript", body: SCRIPT };
  const connect = searchParams.get("connect") ?? "*";
  return { body: BODY, headers: { "Content-Security-Policy": CSP + connect } };
}

/** An endpoint that answers what it is told to. */
const odd = createServer((incoming, outgoing) => {
  const status = +incoming.url.slice(1);
  outgoing.writeHead(status, { "Access-Control-Allow-Origin": "*" });
  outgoing.end(status == 200 ? "<p>Welcome" : `{"Errors":[{"Code":${status},"Message":"as told"}]}`);
});

async function rows(page) {
  return page.evaluate(() =>
    [...document.querySelector("footfall-check").shadowRoot.querySelectorAll("li")].map((line) => [
      line.className,
      line.querySelector("b").textContent,
      [...line.querySelectorAll("p")].map((part) => part.textContent).join(" "),
    ]),
  );
}

async function shown(page, site, context, query = "") {
  await page.goto(`${site}/?context=${encodeURIComponent(JSON.stringify(context))}${query}`);
  await page.waitForFunction("window.ready");
  return { rows: await rows(page) };
}

/** Whether it comes to be so. */
const becomes = (page, holds) => page.waitForFunction(holds).then(() => true, () => false);

/** How it is to use: by keyboard, by a reader of screens, under a policy that forbids styles. */
async function handled(page) {
  const looks = () => {
    const host = document.querySelector("footfall-check");
    const panel = host.shadowRoot.querySelector("section");
    const names = (element) => [element.getAttribute("role"), element.getAttribute("aria-label") ?? element.getAttribute("aria-labelledby")];
    return {
      fixed: getComputedStyle(host).position,
      background: getComputedStyle(panel).backgroundColor,
      panel: names(panel),
      close: host.shadowRoot.querySelector("button").getAttribute("aria-label"),
      focused: host.shadowRoot.activeElement == panel,
      inline: host.shadowRoot.querySelectorAll("style, [style], link").length + document.querySelectorAll("style, [style]").length,
    };
  };
  const light = await page.evaluate(looks);
  await page.keyboard.press("Tab");
  const button = await becomes(page, () => document.querySelector("footfall-check").shadowRoot.activeElement?.localName == "button");
  await page.keyboard.press("Enter");
  const closed = await becomes(page, () => !document.querySelector("footfall-check"));
  return { light, looks, button, closed };
}

await visit(name, answer, async (browser, site) => {
  await new Promise((up) => odd.listen(0, "127.0.0.1", up));
  const other = `http://127.0.0.1:${odd.address().port}`;
  const endpoint = `${collector}/api/v1/event`;
  const right = { key, endpoint, reason: "" };
  const CASES = {
    right: [right],
    unknown_key: [{ ...right, key: "pk_unknown" }],
    no_key: [{ ...right, key: undefined }],
    secret_key: [{ ...right, key: "sk_0123456789", reason: "secret key: revoke it" }],
    other_origin: [{ ...right, key: foreign }],
    forbidden_by_policy: [right, "&connect='none'"],
    wrong_path: [{ ...right, endpoint: `${collector}/api/v1/evnt` }],
    no_collector: [{ ...right, endpoint: `${other}/200` }],
    too_many: [{ ...right, endpoint: `${other}/429` }],
    out_of_order: [{ ...right, endpoint: `${other}/503` }],
    refused: [{ ...right, endpoint: `${other}/422` }],
    privacy: [{ ...right, reason: "doNotTrack" }],
    local: [{ ...right, reason: "ignoreLocal" }],
    ignored: [{ ...right, reason: "footfall_ignore" }],
    refused_consent: [{ ...right, reason: "consent" }],
    consent: [{ ...right, consent: "required" }],
  };
  const results = { site };
  const { page, complaints } = await open(browser);
  for (const [title, [context, query]] of Object.entries(CASES)) {
    complaints.length = 0;
    results[title] = { ...(await shown(page, site, context, query)), complaints: [...complaints] };
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name}-${title}.png` });
  }
  odd.close();
  odd.closeAllConnections();
  results.dead = await shown(page, site, { ...right, endpoint: other });
  await shown(page, site, right);
  const { looks, ...use } = await handled(page);
  results.use = use;
  if (name == "chromium") {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await shown(page, site, { ...right, key: foreign });
    results.dark = await page.evaluate(looks);
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name}-dark.png` });
  }
  await shown(page, site, right);
  await page.keyboard.press("Escape");
  results.escaped = await becomes(page, () => !document.querySelector("footfall-check"));
  return results;
});
