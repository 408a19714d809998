// Drives what `data-auto` counts: `node tests/browser/auto.mjs BROWSER COLLECTOR KEY`. Loads the part as the script does, under
// a content security policy that allows no more than the page's own script and the collector, and prints one line of JSON:
// {case: {"seen": [[event, properties], …], "prevented", "complaints", …}, …}.
import { PATIENCE } from "./chromium.mjs";
import { open, visit } from "./pages.mjs";

const [name, collector, key] = process.argv.slice(2);
const headers = { "Content-Security-Policy": `default-src 'none'; img-src 'self'; script-src 'self' ${collector}; connect-src ${collector}` };

/** Begins, notes what is sent, and keeps the page where it is, unless it is to be left. */
const SCRIPT = `
window.seen = [];
window.prevented = false;
window.last = 0;
document.querySelector("#last").onclick = () => { window.last++; };
const root = document.querySelector("#host").attachShadow({ mode: "open" });
root.innerHTML = '<a id="deep" href="https://deep.example/">deep</a> <button id="deeptag" data-footfall-event="deep_tag"><i>x</i></button>' +
  '<form id="deepform" action="/deep"><input id="deepfield" type="text"><button>Go</button></form>';
if (!location.search.includes("leave")) for (const name of ["click", "auxclick", "submit"])
  for (const place of [document, root]) place.addEventListener(name, (event) => {
    window.prevented ||= event.defaultPrevented && !event.ours;
    if (event.type != "submit" && !event.composedPath().some((node) => node.localName == "a")) return;
    event.ours = true;
    event.preventDefault();
  });
addEventListener("load", async () => {
  const { auto } = await import(${JSON.stringify(`${collector}/static/footfall.js?auto`)});
  footfall.before((event) => { window.seen.push([event.Event, event.Properties]); return event; });
  auto(footfall, { auto: new URLSearchParams(location.search).get("auto") || "" });
  window.ready = true;
});
`;
const BODY = `<!doctype html><title>Auto</title>
<script async src="${collector}/static/footfall.js" data-key="${key}" data-spa="off"></script>
<p><a id="out" href="https://other.example/x?token=abc&amp;b=1#top"><b id="bold">out</b></a> <a id="in" href="/b">in</a> <a id="mail" href="mailto:a@example.com">mail</a>
<a id="nothing">no address</a> <a id="broken" href="https://[">broken</a> <a id="script" href="javascript:void 0">script</a>
<a id="file" href="/files/report.PDF?key=1">file</a> <a id="named" href="/files/it" download>named</a> <a id="outfile" href="https://cdn.example/a.zip">outfile</a> <a id="blob" href="blob:x" download="x">blob</a>
<p><svg width="300" height="30"><a id="svg" href="https://svg.example/"><text id="svgtext" y="20">drawn</text></a><a id="oldsvg" xlink:href="https://old.example/"><text y="20" x="99">drawn</text></a></svg>
<p><button id="tagged" data-footfall-event="signup" data-footfall-property-plan="pro" data-footfall-property-seats="3"><span id="inner">Sign up</span></button>
<a id="both" href="https://both.example/" data-footfall-event="to_partner">both</a> <span id="unnamed" data-footfall-event="">unnamed</span>
<p><label data-footfall-event="agree"><input type="checkbox" id="box"> <span id="words">I agree</span></label>
<form id="contact" name="contact" action="/send?token=1&amp;a=1"><input id="field" name="id" value="private"><input name="action"><button id="send">Send</button><button id="elsewhere" formaction="https://forms.example/in">Send</button></form>
<form id="order" data-footfall-event="ordered" data-footfall-property-kind="fast"><button id="buy">Buy</button></form>
<form id="strict"><input required><button id="invalid">Send</button></form>
<div id="host"></div>
<button id="last">last</button>
<script src="/page.js"></script>`;

function answer({ pathname }) {
  if (pathname == "/page.js") return { type: "text/javascript", body: SCRIPT };
  return pathname == "/" ? { body: BODY, headers } : { body: "<!doctype html><title>Elsewhere</title>" };
}

const deep = (selector) => (page) => page.evaluateHandle((inside) => document.querySelector("#host").shadowRoot.querySelector(inside), selector);
const press = (selector, button = "left") => async (page) => {
  const element = await (typeof selector == "function" ? selector(page) : page.$(selector));
  await element.click({ button });
};
const enter = (selector) => async (page) => {
  const element = await (typeof selector == "function" ? selector(page) : page.$(selector));
  await element.focus();
  await page.keyboard.press("Enter");
};

/** What is done on a page, and which kinds it counts (all where absent). */
const CASES = {
  outbound: [press("#bold")],
  inside: [press("#in")],
  mail: [press("#mail")],
  no_address: [press("#nothing")],
  broken: [press("#broken")],
  script: [press("#script")],
  middle: [press("#out", "middle")],
  right: [press("#out", "right")],
  keyboard: [enter("#out")],
  download: [press("#file")],
  download_by_attribute: [press("#named")],
  download_elsewhere: [press("#outfile")],
  download_made_in_the_page: [press("#blob")],
  svg: [press("#svgtext")],
  old_svg: [press("#oldsvg")],
  shadow_link: [press(deep("#deep"))],
  shadow_tag: [press(deep("#deeptag"))],
  shadow_form: [enter(deep("#deepfield"))],
  tagged: [press("#inner")],
  tagged_by_keyboard: [enter("#tagged")],
  tagged_by_middle: [press("#tagged", "middle")],
  tagged_link: [press("#both")],
  tagged_without_name: [press("#unnamed")],
  label: [press("#words")],
  box: [press("#box")],
  form: [press("#send")],
  form_by_keyboard: [enter("#field")],
  form_elsewhere: [press("#elsewhere")],
  tagged_form: [press("#buy")],
  invalid_form: [press("#invalid")],
  only_links: [async (page) => { for (const id of ["#out", "#file", "#outfile", "#tagged", "#send"]) await press(id)(page); }, "links"],
  only_downloads: [async (page) => { for (const id of ["#out", "#file", "#outfile", "#tagged", "#send"]) await press(id)(page); }, "downloads"],
  forms_and_events: [async (page) => { for (const id of ["#out", "#file", "#tagged", "#send", "#buy"]) await press(id)(page); }, "forms, events"],
};

async function told(page, work) {
  await page.evaluate(() => { window.seen.length = 0; window.prevented = false; });
  await work(page);
  // What a press brings comes before what the next one does. That may go to an open menu instead.
  const before = await page.evaluate("last");
  for (const end = Date.now() + PATIENCE; (await page.evaluate("last")) == before && Date.now() < end; ) {
    await press("#last")(page);
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => setTimeout(next))));
  }
  return page.evaluate(() => ({ seen: window.seen, prevented: window.prevented }));
}

async function at(page, address) {
  await page.goto(address);
  await page.waitForFunction("window.ready");
}

/** The browser leaves the page by what is counted. */
async function leaving(browser, site, selector, address) {
  const { page } = await open(browser);
  await at(page, `${site}/?leave`);
  if (address) await page.evaluate((on, to) => document.querySelector(on).setAttribute("href", to), selector, address);
  await Promise.all([page.waitForNavigation(), press(selector)(page)]);
  return { left: page.url() }; // what is under way goes on until the browser is closed
}

await visit(name, answer, async (browser, site) => {
  const results = { site };
  const { context, page, complaints } = await open(browser);
  let kinds = null;
  for (const [title, [work, wanted = ""]] of Object.entries(CASES)) {
    if (wanted !== kinds) await at(page, `${site}/?auto=${encodeURIComponent(wanted)}`);
    kinds = wanted;
    results[title] = await told(page, work);
    if (page.url().split("?")[0] != `${site}/`) throw new Error(`${title} has left the page for ${page.url()}`);
  }
  results.visitor = (await page.evaluate("document.cookie")).split("=")[1];
  // What waits, or is on its way, goes with the session.
  await page.waitForFunction(() => !Object.keys(localStorage).some((name) => name.startsWith("footfall:")));
  await context.close();
  results.leaving_by_a_link = await leaving(browser, site, "#out", site.replace("127.0.0.1", "localhost") + "/elsewhere");
  results.leaving_by_a_form = await leaving(browser, site, "#buy");
  return { ...results, complaints };
});
