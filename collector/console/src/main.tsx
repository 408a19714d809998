// The console: a page for those who want to see what their visitors and subscribers do.
import { render } from "preact";
import { listen } from "./address";
import { App } from "./app";

const page = document.getElementById("page")!;
page.replaceChildren();
listen();
render(<App />, page);
