// Drives the browser SDK in headless Chromium: `node tests/browser/sdk.mjs COLLECTOR KEY FOREIGN_KEY [SCENARIO,…]`. Serves pages on one origin and
// passes what they send on to the collector from another, where it can also refuse or drop it. Runs every scenario and
// prints one line of JSON: {scenario: {"requests": [{"method", "path", "type", "origin", "events"}, …], …}, …}.
import { createServer, request as ask } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS, PATIENCE, chromium } from "./chromium.mjs";

const require = createRequire(new URL("../../sdk/browser/package.json", import.meta.url));
const puppeteer = require("puppeteer-core");
const [collector, key, foreign] = process.argv.slice(2); // `foreign`: a public key of another origin

let requests = [];
let fault = null; // what becomes of the next requests: null, "drop", or {status, headers}
let headers = {}; // of pages

function note(incoming, body) {
  const sent = body ? JSON.parse(body) : {};
  const events = sent.Events || [sent];
  const { "content-type": type, origin } = incoming.headers;
  requests.push({ method: incoming.method, path: incoming.url, type, origin, at: Date.now(), fault, events });
}

/** Passes a request on to the collector, as a proxy before it would. */
function pass(incoming, outgoing, body) {
  const onward = ask(collector + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  onward.end(body);
}

const gateway = createServer((incoming, outgoing) => {
  const chunks = [];
  incoming.on("data", (chunk) => chunks.push(chunk));
  incoming.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    if (!incoming.url.startsWith("/api")) return pass(incoming, outgoing, body);
    note(incoming, body);
    if (fault == "drop") return incoming.socket.destroy();
    if (!fault) return pass(incoming, outgoing, body);
    const open = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After" };
    outgoing.writeHead(fault.status, { ...open, ...fault.headers });
    outgoing.end('{"Errors":[{"Code":503,"Message":"not now"}]}');
  });
});

let gatewayUrl;
const pages = createServer((incoming, outgoing) => {
  const url = new URL(incoming.url, "http://page");
  const attributes = url.searchParams.get("tag") ?? "";
  const tag = `<script async src="${gatewayUrl}/static/footfall.js" data-key="${url.searchParams.get("key") ?? key}" ${attributes}></script>`;
  const stub = url.searchParams.has("stub") ? `<script src="/stub.js"></script>` : "";
  outgoing.writeHead(200, { "Content-Type": url.pathname == "/stub.js" ? "text/javascript" : "text/html", ...headers });
  if (url.pathname == "/stub.js") return outgoing.end(`${STUB};footfall.track("early",{n:1}).then(v=>window.early=v)`);
  const tags = url.searchParams.has("twice") ? tag + tag : tag;
  outgoing.end(`<!doctype html><title>Page ${url.pathname}</title>${stub}${url.searchParams.has("bare") ? "" : tags}<p>Hello`);
});
const STUB =
  "footfall=window.footfall||new Proxy([],{get:(q,n)=>q[n]||((...a)=>new Promise(r=>q.push([r,n,a,Date.now(),location.href,document.title])))})";

function listen(server) {
  return new Promise((up) => server.listen(0, "127.0.0.1", () => up(`http://127.0.0.1:${server.address().port}`)));
}

async function until(holds) {
  for (const end = Date.now() + PATIENCE; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`waited in vain for ${holds}; requests: ${JSON.stringify(requests)}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}
const sent = (name) => requests.some((one) => one.events.some((event) => event.Event == name));
const count = (name) => requests.flatMap((one) => one.events).filter((event) => event.Event == name).length;
const track = (page, ...given) => page.evaluate((...given) => footfall.track(...given), ...given);
const tagged = (attributes) => `/?tag=${encodeURIComponent(attributes)}`;
const kept = (page) => page.evaluate(() => Object.keys(localStorage).length);

const scenarios = {
  async page_view({ page, site }) {
    await page.goto(`${site}/shop?utm_source=news&token=abc#part`);
    await until(() => sent("page_view"));
    return { answer: await track(page, "second", { price: 1 }), kept: await kept(page), cookie: await page.evaluate("document.cookie") };
  },
  async leaving_right_after_track({ page, site }) {
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    await page.evaluate(() => { footfall.track("leaving"); location.href = "/b?bare"; });
    await until(() => sent("leaving"));
  },
  async routes({ page, site }) {
    await page.goto(`${site}/one`);
    await until(() => sent("page_view"));
    await page.evaluate(() => {
      history.replaceState({ y: 1 }, "", location.href);
      history.pushState({}, "", "/two");
      document.title = "Two";
      setTimeout(() => {
        document.title = "Three";
        history.pushState({}, "", "/three");
        footfall.track("after");
      }, 50);
    });
    await until(() => sent("after"));
    await page.evaluate(() => history.pushState({}, "", "/three?query"));
    await page.evaluate(() => history.back());
    await page.evaluate(() => history.back());
    await until(() => count("page_view") == 4);
  },
  async offline_then_online({ page, site }) {
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    await page.setOfflineMode(true);
    await page.evaluate(() => { window.verdict = footfall.track("while_offline"); });
    const waiting = await kept(page);
    await page.setOfflineMode(false);
    return { waiting, answer: await page.evaluate(() => window.verdict), kept: await kept(page) };
  },
  async next_page_sends_what_the_last_could_not({ page, site }) {
    fault = "drop";
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    await page.evaluate(() => { footfall.track("stuck"); });
    fault = null;
    const before = requests.length;
    await page.goto(`${site}/b`);
    await until(() => requests.slice(before).some((one) => one.events.some((event) => event.Event == "stuck")));
    await until(async () => (await kept(page)) == 0);
    return { before };
  },
  async an_unreachable_collector({ page, site }) {
    fault = "drop";
    await page.goto(`${site}${tagged('data-spa="off"')}`);
    const answer = await track(page, "lost");
    return { answer, again: await track(page, "lost_too") };
  },
  async retry_after({ page, site }) {
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    fault = { status: 429, headers: { "Retry-After": "1" } };
    await page.evaluate(() => { window.verdict = footfall.track("limited"); });
    await until(() => sent("limited"));
    fault = null;
    await page.evaluate(() => { footfall.track("meanwhile"); });
    return { answer: await page.evaluate(() => window.verdict) };
  },
  async two_tabs({ page, site, context }) {
    await page.goto(`${site}/a`);
    const other = await context.newPage();
    await other.goto(`${site}/b`);
    await Promise.all([page, other].map((tab, n) => tab.evaluate((n) => Promise.all([...Array(20)].map((_, i) => footfall.track(`tab ${n}`, { i }))), n)));
  },
  async blocked_storage({ page, site }) {
    await page.evaluateOnNewDocument(() => Object.defineProperty(window, "localStorage", { get() { throw new Error("blocked"); } }));
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    return { answer: await track(page, "stored_nowhere") };
  },
  async full_storage({ page, site }) {
    await page.goto(`${site}/a?bare`);
    await page.evaluate(() => { for (let n = 1 << 22; n; n >>= 1) try { for (;;) localStorage[`x${n}${Math.random()}`] = "x".repeat(n); } catch {} });
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    return { answer: await track(page, "quota") };
  },
  async strict_policies({ page, site }) {
    headers = { "Content-Security-Policy": `default-src 'none'; script-src ${gatewayUrl}; connect-src ${gatewayUrl}`, "Referrer-Policy": "no-referrer" };
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    return { answer: await track(page, "strict") };
  },
  async loaded_twice({ page, site }) {
    await page.goto(`${site}/a?twice`);
    await until(() => sent("page_view"));
    return { answer: await track(page, "once") };
  },
  async stub({ page, site }) {
    await page.goto(`${site}/a?stub`);
    await until(() => sent("page_view"));
    await page.waitForFunction("window.early");
    return { answer: await page.evaluate("early"), size: STUB.length };
  },
  async large({ page, site }) {
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    const answer = await track(page, "large", { text: "ü".repeat(20_000) });
    await page.evaluate(() => { footfall.track("large_leaving", { text: "ü".repeat(20_000) }); location.href = "/b?bare"; });
    await until(() => sent("large_leaving"));
    return { answer };
  },
  async consent({ page, site }) {
    await page.goto(`${site}${tagged('data-consent="required"')}`);
    await page.waitForFunction("window.footfall");
    await page.evaluate(() => { window.verdict = footfall.track("held"); });
    const before = { requests: requests.length, kept: await kept(page), cookie: await page.evaluate("document.cookie") };
    await page.evaluate(() => footfall.consent(true));
    const answer = await page.evaluate(() => window.verdict);
    const during = await page.evaluate("document.cookie");
    await page.evaluate(() => footfall.consent(false));
    const after = { kept: await kept(page), cookie: await page.evaluate("document.cookie") };
    return { before, answer, during, after, refused: await track(page, "refused") };
  },
  async privacy_signal({ page, site }) {
    await page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true }));
    await page.goto(`${site}/a`);
    await page.waitForFunction("window.footfall");
    const answer = await track(page, "private");
    return { answer, cookie: await page.evaluate("document.cookie") };
  },
  async no_persistence({ page, site }) {
    await page.goto(`${site}${tagged('data-persist="none"')}`);
    await until(() => sent("page_view"));
    fault = "drop";
    await page.evaluate(() => { footfall.track("memory"); });
    return { kept: await kept(page), cookie: await page.evaluate("document.cookie") };
  },
  async test_mode({ page, site }) {
    await page.goto(`${site}/a?footfall_test=1`);
    await until(() => sent("page_view"));
    return { answer: await track(page, "rehearsal") };
  },
  async ignored({ page, site }) {
    await page.goto(`${site}${tagged("data-ignore-local")}`);
    await page.waitForFunction("window.footfall");
    return { answer: await track(page, "local") };
  },
  async a_key_of_another_origin({ page, site }) {
    await page.goto(`${site}/a?key=${foreign}`);
    await page.waitForFunction("window.footfall");
    return { answer: await track(page, "elsewhere"), kept: await kept(page) };
  },
  async a_secret_key({ page, site }) {
    await page.goto(`${site}/a?bare`);
    await page.evaluate((src) => new Promise((loaded) => {
      const tag = document.createElement("script");
      Object.assign(tag, { src, onload: loaded });
      tag.dataset.key = "sk_0123456789";
      document.head.append(tag);
    }), `${gatewayUrl}/static/footfall.js`);
    return { answer: await track(page, "secret") };
  },
  async init_without_attributes({ page, site }) {
    await page.goto(`${site}/a?bare`);
    await page.evaluate((src) => new Promise((loaded) => {
      document.head.append(Object.assign(document.createElement("script"), { src, onload: loaded }));
    }), `${gatewayUrl}/static/footfall.js`);
    await page.evaluate(() => { window.verdict = footfall.track("before_init"); });
    await page.evaluate((key) => { footfall.init({ key }); }, key);
    return { answer: await page.evaluate(() => window.verdict) };
  },
  async other_calls({ page, site }) {
    await page.goto(`${site}${tagged('data-spa="off"')}`);
    await until(() => sent("page_view"));
    const answers = await page.evaluate(async () => {
      await footfall.before((event) => (event.Event == "unwanted" ? null : event));
      return [
        await footfall.identify("ann@example.com", { plan: "pro" }, 7),
        await footfall.conversion("c1", "Order", 0, { currency: "EUR" }),
        await footfall.page("/virtual?password=x", { a: 1 }),
        await footfall.track("unwanted"),
        await footfall.conversion("c1"),
        await footfall.track("circular", (() => { const o = {}; o.o = o; return o; })()),
      ];
    });
    const visitor = await page.evaluate("document.cookie");
    await page.evaluate(() => footfall.reset());
    await track(page, "somebody_else");
    return { answers, visitor, next: await page.evaluate("document.cookie") };
  },
  async back_forward_cache({ page, site }) {
    await page.goto(`${site}/a`);
    await until(() => sent("page_view"));
    await until(async () => (await kept(page)) == 0);
    await page.evaluate(() => { window.mark = 1; });
    await page.goto(`${site}/b?bare`);
    await page.goBack({ waitUntil: "domcontentloaded" });
    await until(() => count("page_view") >= 2);
    return { restored: await page.evaluate("window.mark == 1"), answer: await track(page, "after") };
  },
};

async function main() {
  gatewayUrl = await listen(gateway);
  const site = await listen(pages);
  const userDataDir = mkdtempSync(join(tmpdir(), "footfall-sdk-"));
  const results = { site };
  let browser;
  try {
    browser = await puppeteer.launch({ executablePath: chromium(), args: FLAGS, userDataDir, pipe: true });
    const only = process.argv[5]?.split(",");
    for (const [name, run] of Object.entries(scenarios)) {
      if (only && !only.includes(name)) continue;
      [requests, fault, headers] = [[], null, {}];
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE);
      const complaints = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      try {
        results[name] = { ...(await run({ page, site, context })), requests, complaints };
      } catch (error) {
        results[name] = { failed: error.message, requests, complaints };
      }
      await context.close();
    }
    console.log(JSON.stringify(results));
  } finally {
    await browser?.close();
    gateway.close();
    pages.close();
    gateway.closeAllConnections();
    pages.closeAllConnections();
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

try {
  await main();
} catch (error) {
  console.error(`sdk: ${error.message}`);
  process.exitCode = 1;
}
