// What is neither sent nor kept, and says why.
async function traces(world) {
  return { requests: world.requests.length, cookie: await world.cookie(), stored: await world.page.evaluate(() => Object.keys(localStorage).length) };
}

/** The verdict on an event of a page with these attributes, and what the page has left behind. */
async function ignored(world, attributes, path, site = world.site) {
  await world.page.goto(world.tagged(attributes, path).replace(world.site, site));
  await world.ready();
  return told(world, "ignored");
}

/** The verdict on an event; where it was ignored, once the page's console has said why, too. */
async function told(world, name) {
  const answer = await world.track(name);
  if (answer.Errors) await world.until(() => world.said.some(([, text]) => text.includes(answer.Errors[0].Message)));
  return { answer, ...(await traces(world)) };
}

const signal = (name, value) => (world) => world.page.evaluateOnNewDocument((name, value) => {
  Object.defineProperty(Navigator.prototype, name, { configurable: true, get: () => value });
}, name, value);

export const scenarios = {
  async consent_given(world) {
    await world.page.goto(world.tagged('data-consent="required"'));
    await world.ready();
    await world.begin("held");
    await world.heard();
    const before = await traces(world);
    await world.page.evaluate(() => { footfall.consent(true); window.later = footfall.track("later"); });
    const answer = await world.verdict("held");
    await world.page.evaluate("later");
    return { before, answer, cookie: await world.cookie() };
  },
  async consent_refused(world) {
    await world.visit("/a");
    world.fault = { status: 503, headers: { "Retry-After": "9" } };
    await world.begin("waiting");
    await world.sent("waiting");
    const before = { ...(await traces(world)) };
    await world.page.evaluate(() => { footfall.consent(false); });
    const after = await traces(world);
    world.fault = null;
    return { before, after, waiting: await world.verdict("waiting"), refused: await world.track("refused"), left: await traces(world) };
  },
  async consent_refused_in_another_tab(world) {
    await world.slow();
    await world.visit("/a");
    world.fault = { status: 503, headers: { "Retry-After": "600" } };
    await world.begin("waiting");
    await world.page.waitForFunction("window.ring");
    const other = await world.newPage();
    await other.goto(world.tagged('data-consent="required"', "/b"));
    await world.ready(other);
    await other.evaluate(() => { footfall.consent(false); });
    world.fault = null;
    await world.emptied(); // one tab hears of what another deletes a moment later
    await world.ring();
    return { ...(await traces(world)), answer: await world.verdict("waiting"), again: world.count("waiting") };
  },
  async consent_before_the_script(world) {
    world.early = "footfall.consent(true);footfall.track('early')";
    await world.page.goto(`${world.tagged('data-consent="required"')}&stub`);
    await world.sent("early");
    await world.sent("page_view");
  },
  async refusal_before_the_script(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.page.evaluate((key) => {
      document.cookie = "footfall_visitor=00000000-0000-4000-8000-000000000001;Path=/";
      localStorage[`footfall:${key}:0`] = '{"Event":"old"}';
    }, world.keys.public);
    world.early = "footfall.consent(false);footfall.track('early').then(v=>window.early=v)";
    await world.page.goto(`${world.site}/b?stub`);
    await world.page.waitForFunction("window.early");
    await world.page.waitForFunction(() => performance.now() > 1_000); // a view would have settled its title
    await world.heard();
    return { ...(await traces(world)), early: await world.page.evaluate("early") };
  },
  async a_change_of_mind(world) {
    await world.page.goto(world.tagged('data-consent="required" data-spa="off"'));
    await world.ready();
    await world.page.evaluate(() => { footfall.consent(false); });
    const refused = await world.track("refused");
    await world.page.evaluate(() => { footfall.consent(true); });
    return { refused, answer: await world.track("agreed") };
  },
  async global_privacy_control(world) {
    await signal("globalPrivacyControl", true)(world);
    return ignored(world, "");
  },
  async do_not_track(world) {
    await signal("doNotTrack", "1")(world);
    return ignored(world, "");
  },
  async neither(world) {
    await signal("globalPrivacyControl", false)(world);
    await signal("doNotTrack", "unspecified")(world);
    return ignored(world, "");
  },
  async signal_set_aside(world) {
    await signal("globalPrivacyControl", true)(world);
    return ignored(world, 'data-gpc="ignore"');
  },
  async a_signal_holds_what_is_stored(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.page.evaluate((key) => { localStorage[`footfall:${key}:0`] = '{"Event":"old"}'; }, world.keys.public);
    await signal("globalPrivacyControl", true)(world);
    const found = await ignored(world, "");
    await world.page.evaluate(() => { dispatchEvent(new Event("online")); });
    await world.page.goto(`${world.site}/b?bare`);
    return { ...found, ...(await traces(world)) };
  },
  local: (world) => ignored(world, "data-ignore-local"),
  localhost: (world) => ignored(world, "data-ignore-local", "/", world.site.replace("127.0.0.1", "localhost")),
  local_set_to_false: (world) => ignored(world, 'data-ignore-local="false"'),
  async left_out(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.page.evaluate(() => { localStorage.footfall_ignore = 1; });
    return ignored(world, "");
  },
  async left_out_without_persistence(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.page.evaluate(() => { localStorage.footfall_ignore = 1; });
    return ignored(world, 'data-persist="none"');
  },
  async no_persistence(world) {
    await world.visit(world.tagged('data-persist="none"'));
    world.fault = { status: 503, headers: { "Retry-After": "9" } };
    await world.begin("memory");
    await world.sent("memory");
    return traces(world);
  },
  async a_secret_key(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.inject(world.page, "sk_0123456789");
    return told(world, "secret");
  },
  async reset(world) {
    await world.visit("/a");
    const before = await world.cookie();
    await world.page.evaluate(() => { history.pushState({}, "", "/b"); footfall.reset(); });
    const between = await world.cookie();
    await world.track("somebody_else");
    return { before, between, after: await world.cookie() };
  },
  async masked(world) {
    await world.visit("/a?a=1&Token=abc&x_token=x&keyword=kept&code=7#frag");
    await world.page.evaluate(() => { history.pushState({}, "", "/b?email=a@b.c&q=2#x"); });
    await world.sent("page_view", 2);
    await world.page.evaluate(() => { history.pushState({}, "", "/c"); });
    await world.sent("page_view", 3);
    await world.page.evaluate(() => footfall.page("/d?password=1"));
  },
  async test_mode_by_address(world) {
    await world.visit("/a?footfall_test=1");
    return { answer: await world.track("rehearsal") };
  },
  async test_mode_by_attribute(world) {
    await world.visit(world.tagged("data-test"));
    await world.track("rehearsal");
    await world.page.evaluate(() => footfall.test(false));
    return { answer: await world.track("performance") };
  },
  async test_mode_by_call(world) {
    await world.visit("/a");
    await world.page.evaluate(() => {
      footfall.test(true);
      const { warn } = console;
      console.warn = (...given) => { window.shown = given; warn(...given); };
    });
    return { answer: await world.track("rehearsal"), shown: await world.page.evaluate("shown") };
  },
  async test_mode_off(world) {
    await world.visit(world.tagged('data-test="false"'));
    return { answer: await world.track("performance") };
  },
  async over_https(world) {
    await world.page.goto(await world.secured("www.shop.test"));
    await world.sent("page_view");
    const cookie = await world.visitor();
    const shown = await world.cookie();
    await world.page.evaluate(() => { footfall.consent(false); });
    return { cookie, shown, left: await world.cookie() };
  },
  async across_subdomains(world) {
    const [, port] = world.site.split("127.0.0.1:");
    const visit = async (host) => {
      const before = world.each("page_view").length;
      await world.page.goto(`http://${host}.shop.test:${port}${world.tagged('data-domain="shop.test"').slice(world.site.length)}`);
      await world.sent("page_view", before + 1);
      return [await world.cookie(), await world.page.evaluate(() => [isSecureContext, !!navigator.locks, !!crypto.randomUUID])];
    };
    const seen = [await visit("www"), await visit("blog")];
    await world.page.evaluate(() => { footfall.consent(false); });
    return { seen, left: await world.cookie() };
  },
};
