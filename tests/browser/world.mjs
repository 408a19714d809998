// What a scenario of the SDK has to itself: pages on one origin, and on another a gateway that passes what they send on to
// the collector, or refuses or drops it, and takes notes.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { PATIENCE } from "./chromium.mjs";

/** The stub of sdk/browser/README.md, as it stands there. */
export const STUB =
  "footfall=window.footfall||new Proxy([],{get:(q,n)=>q[n]||((...a)=>new Promise(r=>q.push([r,n,a,Date.now(),location.href,document.title])))})";

function listen(server) {
  // A connection that is closed just as a browser uses it once more would have the browser repeat its request.
  server.keepAliveTimeout = 0;
  return new Promise((up) => server.listen(0, "127.0.0.1", () => up(`http://127.0.0.1:${server.address().port}`)));
}

async function read(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export class World {
  /** What was asked of the collector: [{"method", "path", "type", "origin", "cookie", "at", "fault", "events"}, …]; with its `status`
   * and the `wait` in seconds that it asked for, once it has answered. */
  requests = [];
  /** What becomes of the next requests: null, "drop", "hang", or {status, headers, body}; or a function of a request's note that gives one,
   * or promises it. */
  fault = null;
  /** Headers of the pages that are served next. */
  headers = {};
  /** Pages of a scenario's own: {path: HTML}. */
  served = {};
  /** Addresses of the gateway that there are not. */
  missing;
  /** Told of each page that is asked for, by its path. */
  onServe = () => {};
  complaints = [];
  /** What a browser itself complains of in the scenario. */
  expected;
  /** What the collector has not answered yet. */
  #passing = new Set();
  #closed = false;

  constructor(context, collector, keys) {
    Object.assign(this, { context, collector, keys });
  }

  async open() {
    this.servers = [createServer((...both) => this.#gate(...both)), createServer((...both) => this.#serve(...both))];
    [this.gateway, this.site] = await Promise.all(this.servers.map(listen));
    this.page = await this.newPage();
    return this;
  }

  /** Ends once all that a page got through is the collector's: what it stored is asked for afterwards. What pages send when
   * they are closed is none of the scenario's. */
  async close() {
    this.#closed = true;
    await this.context.close();
    await Promise.all(this.#passing);
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  /** The pages over https, too: their origin at a name of this machine. The certificate is of the moment, and the browsers
   * are told to take any. */
  async secured(host) {
    const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const pem = execFileSync("openssl", [...made, "-subj", `/CN=${host}`, "-keyout", "-"], { stdio: ["ignore", "pipe", "ignore"] });
    const server = createSecureServer({ key: pem, cert: pem }, (...both) => this.#serve(...both));
    this.servers.push(server);
    return (await listen(server)).replace("http://127.0.0.1", `https://${host}`);
  }

  /** Another page of the same visitor, in a window of its own: a tab behind another is not seen. */
  async newPage() {
    const page = await this.context.newPage({ type: "window" });
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.expected?.test(error.message) || this.complaints.push(error.message));
    page.on("console", (message) => this.said.push([message.type(), message.text()]));
    return page;
  }
  /** What pages wrote to their consoles: [[type, text], …]. */
  said = [];

  async #gate(incoming, outgoing) {
    const body = await read(incoming).catch(() => null);
    if (!body || this.#closed) return incoming.socket.destroy();
    const note = incoming.url.startsWith("/api") && this.#note(incoming, body);
    const fault = note && (typeof this.fault == "function" ? await this.fault(note) : this.fault);
    if (note) note.fault = fault;
    if (fault == "drop") return incoming.socket.destroy();
    if (fault == "hang") return;
    if (this.missing?.test(incoming.url)) return outgoing.writeHead(404).end();
    if (!fault) return this.#pass(incoming, outgoing, body, note);
    const open = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After" };
    outgoing.writeHead(fault.status, { ...open, ...fault.headers });
    outgoing.end(fault.body ?? `{"Errors":[{"Code":${fault.status},"Message":"not now"}]}`);
  }

  #note({ method, url, headers }, body) {
    const sent = body.length ? JSON.parse(body) : {};
    const { "content-type": type, origin, cookie } = headers;
    const note = { method, path: url, type, origin, cookie, at: Date.now(), sentAt: sent.SentAt, bytes: body.length, events: sent.Events || [sent] };
    this.requests.push(note);
    return note;
  }

  /** Passes a request on to the collector, as a proxy before it would. */
  #pass(incoming, outgoing, body, note) {
    const onward = ask(this.collector + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      if (note) Object.assign(note, { status: answer.statusCode, wait: +(answer.headers["retry-after"] ?? 0) });
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    this.#passing.add(once(onward, "response").catch(() => {}));
    onward.end(body);
  }

  #serve(incoming, outgoing) {
    const url = new URL(incoming.url, "http://page");
    this.onServe(url.pathname);
    if (url.pathname == "/stub.js") {
      outgoing.writeHead(200, { "Content-Type": "text/javascript" });
      return outgoing.end(`${STUB};${this.early ?? 'footfall.track("early",{n:1}).then(v=>window.early=v)'}`);
    }
    outgoing.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache", ...this.headers });
    outgoing.end(this.served[url.pathname] ?? this.html(url));
  }

  /** A page as its address asks for it: `tag` more attributes, `key` another key, `stub`, `twice`, `bare` (without the SDK). */
  html({ pathname, searchParams }) {
    const key = searchParams.get("key") ?? this.keys.public;
    const tag = `<script async src="${this.gateway}/static/footfall.js" data-key="${key}" ${searchParams.get("tag") ?? ""}></script>`;
    const tags = searchParams.has("bare") ? "" : searchParams.has("twice") ? tag + tag : tag;
    const stub = searchParams.has("stub") ? `<script src="/stub.js"></script>` : "";
    return `<!doctype html><title>Page ${pathname}</title>${stub}${tags}<p>Hello`;
  }

  /** The address of a page with more attributes on its tag. */
  tagged(attributes, path = "/") {
    return `${this.site}${path}?tag=${encodeURIComponent(attributes)}`;
  }

  /** The script without attributes, as a tag manager puts it in. */
  async inject(page = this.page, key) {
    await page.evaluate((src, key) => new Promise((loaded) => {
      const tag = Object.assign(document.createElement("script"), { src, onload: loaded });
      if (key) tag.dataset.key = key;
      document.head.append(tag);
    }), `${this.gateway}/static/footfall.js`, key);
  }

  async until(holds) {
    for (const end = Date.now() + PATIENCE; !(await holds()); ) {
      if (Date.now() > end) throw new Error(`waited in vain for ${holds}; requests: ${JSON.stringify(this.requests)}`);
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }

  /** Has long waits of the pages from here on, of more than `most` milliseconds, end when `ring` says so. */
  slow(most = 60_000) {
    return this.page.evaluateOnNewDocument((most) => {
      const original = window.setTimeout;
      window.setTimeout = (work, wait) => (wait > most ? (Object.assign(window, { ring: work, wait }), 1) : original(work, wait));
    }, most);
  }

  /** How long a page waits until it sends again, in milliseconds; it does not before `ring`. */
  waits(page = this.page) {
    return page.waitForFunction("window.wait").then((found) => found.jsonValue());
  }

  /** Ends the wait that a page was asked for. */
  ring() {
    return this.page.evaluate(() => window.ring());
  }

  /** The events of all requests, or of those that were not refused or dropped. */
  events(passed = false) {
    return this.requests.filter((one) => !passed || !one.fault).flatMap((one) => one.events);
  }

  /** How often an event was sent, each time counted. */
  count(name, passed) {
    return this.events(passed).filter((event) => event.Event == name).length;
  }

  /** The events of a name, each once: a page sends anew what it or the one before has not been answered. */
  each(name) {
    return [...new Map(this.events().filter((event) => event.Event == name).map((event) => [event.EventID, event])).values()];
  }

  /** Waits until an event has been sent, and whatever waited with it. */
  sent(name, many = 1) {
    return this.until(() => this.each(name).length >= many);
  }

  /** Loads a page and waits for its page view. */
  async visit(path, page = this.page) {
    const before = this.each("page_view").length;
    await page.goto(path.startsWith("http") ? path : this.site + path);
    await this.sent("page_view", before + 1);
  }

  /** The verdict on an event. */
  track(...given) {
    return this.page.evaluate((...given) => footfall.track(...given), ...given);
  }

  /** Begins to track, and keeps the promise of the verdict in the page. */
  begin(name, ...given) {
    return this.page.evaluate((name, ...given) => { (window.verdicts ||= {})[name] = footfall.track(name, ...given); }, name, ...given);
  }

  /** The verdict on what was begun. */
  verdict(name, page = this.page) {
    return page.evaluate((name) => window.verdicts[name], name);
  }

  /** How many events are stored. */
  kept(page = this.page) {
    return page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("footfall:")).length);
  }

  /** Waits until nothing is stored any more: what was sent is acknowledged, and this page has heard of it. */
  emptied(page = this.page) {
    return this.until(async () => !(await this.kept(page)));
  }

  /** Waits for an answer of the gateway: what the page had sent before it is there, too. */
  heard() {
    return this.page.evaluate((address) => fetch(address, { cache: "no-store" }).then((answer) => answer.text()), `${this.gateway}/static/footfall.js`);
  }

  /** Waits until the console of a page has said something. */
  says(pattern) {
    return this.until(() => this.said.some(([, text]) => pattern.test(text)));
  }

  cookie(page = this.page) {
    return page.evaluate("document.cookie");
  }

  /** The visitor's cookie, as the browser keeps it, to which a page tells it. */
  async visitor() {
    let found;
    await this.until(async () => (found = (await this.context.cookies()).find((one) => one.name == "footfall_visitor")));
    return found;
  }

  ready(page = this.page) {
    return page.waitForFunction("window.footfall && !footfall.length");
  }
}
