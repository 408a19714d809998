"""The three lines of the SDK's README, as they stand there, in real apps on real servers over the real collector."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from tests.support.live import Live, answers, environment, eventually, free_port

README = Path(__file__).parents[2] / "sdk" / "python" / "README.md"
VISITOR = "550e8400-e29b-41d4-a716-446655440000"
PAGE = "<html><head><title>Blue &amp; white</title></head></html>"
DJANGO = """
import os, sys
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
{lines}
settings.configure(ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY="key", MIDDLEWARE=MIDDLEWARE)
"""
APPS = {
    "Django, sync": DJANGO
    + """
from django.core.wsgi import get_wsgi_application
def show(request, name):
    footfall.track({event!r}, {{"name": name}}); return HttpResponse({page!r})
urlpatterns = [path("shoes/<name>", show)]
app = get_wsgi_application()
""",
    "Django, async": DJANGO
    + """
from django.core.asgi import get_asgi_application
async def show(request, name):
    footfall.track({event!r}, {{"name": name}}); return HttpResponse({page!r})
urlpatterns = [path("shoes/<name>", show)]
app = get_asgi_application()
""",
    "Flask": """
from flask import Flask
app = Flask(__name__)
{lines}
@app.get("/shoes/<name>")
def show(name):
    footfall.track({event!r}, {{"name": name}}); return {page!r}
""",
    "FastAPI": """
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
app = FastAPI()
{lines}
@app.get("/shoes/{{name}}", response_class=HTMLResponse)
async def show(name: str):
    footfall.track({event!r}, {{"name": name}}); return {page!r}
""",
    "Starlette": """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
def show(request):
    footfall.track({event!r}, dict(request.path_params)); return HTMLResponse({page!r})
app = Starlette(routes=[Route("/shoes/{{name}}", show)])
{lines}
""",
    "Tornado": """
import asyncio, sys
from tornado.web import Application, RequestHandler
class Show(RequestHandler):
    def get(self, name):
        footfall.track({event!r}, {{"name": name}}); self.finish({page!r})
app = Application([("/shoes/(.*)", Show)])
{lines}
async def serve():
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(serve())
""",
}
GUNICORN = ("-m", "gunicorn", "--no-control-socket", "-w", "2", "app:app", "-b")
UVICORN = ("-m", "uvicorn", "app:app", "--log-level", "warning", "--port")
SERVERS = {"Django, sync": GUNICORN, "Flask": GUNICORN, "Tornado": ("app.py",)}


def lines(framework: str, live: Live) -> str:
    """What the README says of *framework*, with the collector's own address and key."""
    name = framework.split(",", maxsplit=1)[0]
    found = re.search(rf"^{name}\b[^`\n]*(?:`[^`]*`[^`\n]*)*:\n\n```python\n(.*?)```", README.read_text(), re.M | re.S)
    assert found, name
    assert len([line for line in found[1].splitlines() if line]) == 3
    told = found[1].replace("https://footfall.example.com", live.url).replace("sk_…", live.demo["secret_key"])
    assert told.count(live.url) == told.count(live.demo["secret_key"]) == 1
    return told


@contextmanager
def serving(framework: str, code: str, tmp_path: Path) -> Iterator[str]:
    """An app of *code* on its server, ended as a system does it."""
    (tmp_path / "app.py").write_text(code)
    port = free_port()
    command = SERVERS.get(framework, UVICORN)
    at = f"127.0.0.1:{port}" if command is GUNICORN else str(port)
    with (tmp_path / "log").open("wb") as log:
        variables = environment(PYTHONPATH=str(tmp_path))
        process = subprocess.Popen([sys.executable, *command, at], cwd=tmp_path, env=variables, stdout=log, stderr=log)
    try:
        eventually(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/shoes/white"))
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("framework", APPS)
def test_three_lines_fill_in_address_title_and_visitor(framework: str, live: Live, tmp_path: Path) -> None:
    event = f"shown_{uuid4().hex}"
    code = APPS[framework].format(lines=lines(framework, live), event=event, page=PAGE)

    with serving(framework, code, tmp_path) as url:
        cookie = {"Cookie": f"footfall_visitor={VISITOR}"}
        with urlopen(Request(f"{url}/shoes/blue?size=4&token=s3cret", headers=cookie), timeout=30) as answer:
            assert answer.read().decode() == PAGE
        found = eventually(lambda: live.db.events.find_one({"event": event, "uuid": VISITOR}))

    assert found["properties"] == {
        "name": "blue",
        "$current_url": f"{url}/shoes/blue?size=4&token=***",
        "$page_title": "Blue & white",
    }
    assert live.db.events.count_documents({"event": event, "properties.name": "blue"}) == 1
