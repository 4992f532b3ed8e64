"""The annotator's page in Chromium: bytes, time to interactive, from key to next task, layout shift.

    python -m tests.bench.bench_desk [--tasks 60] [--json]

A granian and a PostgreSQL of its own, a campaign of comparisons (100-word prompts, two 150-word
responses), one annotator who submits by keyboard. Needs Chromium ($CHROMIUM or on PATH).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import sys
from dataclasses import asdict, dataclass
from typing import Any

from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bench_claim_submit import SETTINGS, database, manage, url_of, web_server
from tests.bench.bench_page import sessions_of

SUBMITS = 40
WATCH = """
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.shifts += one.value;
    }).observe({ type: "layout-shift", buffered: true });
"""
SUBMIT = """async () => {
    const before = document.getElementById("sheet").dataset.assignment;
    for (const ask of document.querySelectorAll("fieldset.ask[data-required]")) ask.querySelector("input").click();
    const began = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true }));
    while (document.getElementById("sheet")?.dataset.assignment === before) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""


@dataclass(frozen=True)
class Figures:
    script_kb: float  # gzip, all scripts of the page
    style_kb: float
    interactive_ms: float  # from the end of the response to the last line of the page's script
    next_p50_ms: float  # from Ctrl+Enter to the next task drawn
    next_p95_ms: float
    layout_shift: float  # the sum over all submits


def measure(tasks: int) -> Figures:
    with temporary_place() as place, database(place):
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        (place.root / "static").mkdir(exist_ok=True)
        manage("migrate", "--verbosity", "0")
        manage("collectstatic", "--noinput", "--verbosity", "0")
        arguments = ["--tasks", str(tasks), "--annotators", "16", "--overlap", "3"]
        seeded = json.loads(manage("seed_bench", *arguments, "--json"))
        session = sessions_of(seeded)[0]
        with web_server() as (port, _), sync_playwright() as play:
            found = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            address = f"http://127.0.0.1:{port}"
            context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
            page = context.new_page()
            page.add_init_script(WATCH)
            base = f"{address}/w/{seeded['workspace']}/campaigns/{seeded['campaign']}/judge/"
            figures = look(page, base)
            browser.close()
    return figures


def look(page: Page, url: str) -> Figures:
    ready = []
    for _ in range(5):  # the first fills the cache
        page.goto(url)
        ready.append(
            page.evaluate(
                "performance.getEntriesByName('judge-ready')[0].startTime"
                " - performance.getEntriesByType('navigation')[0].responseEnd"
            )
        )
    page.wait_for_load_state("networkidle")
    page.evaluate("window.shifts = 0")
    waits = []
    for _ in range(SUBMITS):
        waits.append(page.evaluate(SUBMIT))
        page.wait_for_load_state("networkidle")
    cuts = statistics.quantiles(waits, n=20)
    return Figures(
        script_kb=weight(page, "script[src]", "src"),
        style_kb=weight(page, "link[rel=stylesheet]", "href"),
        interactive_ms=statistics.median(ready[1:]),
        next_p50_ms=cuts[9],
        next_p95_ms=cuts[18],
        layout_shift=page.evaluate("window.shifts"),
    )


def weight(page: Page, selector: str, attribute: str) -> float:
    addresses: list[str] = page.eval_on_selector_all(
        selector, f"all => all.map((one) => one.{attribute})"
    )
    bodies = [page.request.get(address).body() for address in addresses]
    return sum(len(gzip.compress(body, 9)) for body in bodies) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    chosen: Any = parser.parse_args()
    os.environ.update(SETTINGS)
    figures = measure(chosen.tasks)
    if not chosen.json:
        Console(stderr=True).print(figures)
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")


if __name__ == "__main__":
    main()
